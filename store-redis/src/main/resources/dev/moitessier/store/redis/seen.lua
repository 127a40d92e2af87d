-- A session that is known here lives, says its home.
--
-- KEYS  sessions here
-- ARGV  session

return redis.call('ZADD', KEYS[1], 'XX', clock(), ARGV[1])

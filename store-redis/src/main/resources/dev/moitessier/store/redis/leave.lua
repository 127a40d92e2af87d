-- The end of a session, brought from its home to another shard that it uses.
--
-- KEYS  sessions here, sessions ended, sessions ending
-- ARGV  session

local now = clock()
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
return 1

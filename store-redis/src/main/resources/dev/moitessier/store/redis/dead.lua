-- Scopes whose last mailbox went so long ago.
--
-- KEYS  dead scopes
-- ARGV  how long (ms), most

return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', clock() - tonumber(ARGV[1]), 'LIMIT', 0, ARGV[2])

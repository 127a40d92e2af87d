-- Forgets that a session is ending, once nothing in this shard hangs on it.
--
-- KEYS  sessions ending, bonds, shards that the session uses
-- ARGV  session

if #redis.call('ZRANGEBYLEX', KEYS[2], '[' .. ARGV[1], '(' .. ARGV[1] .. '\255', 'LIMIT', 0, 1) > 0 then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[3])
return 1

-- Tries each command that the scripts use, so that a right that is missing is said at start, by name.
--
-- KEYS  a string, a hash, a stream, a sorted set, a set
-- ARGV  publish command or '', a channel of hints
-- Answers the commands that the user may not run, each with what the server said.

local denied = {}

local function try(command, ...)
  local reply = redis.pcall(command, ...)
  if type(reply) == 'table' and reply.err then
    denied[#denied + 1] = command .. ': ' .. reply.err
  end
end

try('TIME')
try('SET', KEYS[1], '1', 'PX', 1000, 'NX')
try('GET', KEYS[1])
try('HSET', KEYS[2], 'n', 0)
try('HGET', KEYS[2], 'n')
try('HMGET', KEYS[2], 'n', 'm')
try('HGETALL', KEYS[2])
try('HINCRBY', KEYS[2], 'n', 1)
try('HDEL', KEYS[2], 'm')
try('XADD', KEYS[3], '*', 'e', '')
try('XDEL', KEYS[3], '0-1')
try('XLEN', KEYS[3])
try('XRANGE', KEYS[3], '(0-0', '+', 'COUNT', 1)
try('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)
try('XTRIM', KEYS[3], 'MINID', '0-1')
try('ZADD', KEYS[4], 0, 'a')
try('ZSCORE', KEYS[4], 'a')
try('ZRANGEBYLEX', KEYS[4], '-', '+', 'LIMIT', 0, 1)
try('ZRANGEBYSCORE', KEYS[4], '-inf', '+inf', 'LIMIT', 0, 1)
try('ZREMRANGEBYSCORE', KEYS[4], '-inf', -1)
try('ZLEXCOUNT', KEYS[4], '-', '+')
try('ZREM', KEYS[4], 'a')
try('SADD', KEYS[5], 'a')
try('SMEMBERS', KEYS[5])
try('RENAME', KEYS[5], KEYS[5])
try('EXISTS', KEYS[1])
if ARGV[1] ~= '' then
  try(ARGV[1], ARGV[2], '')
end
try('DEL', KEYS[1], KEYS[2])
try('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
return denied

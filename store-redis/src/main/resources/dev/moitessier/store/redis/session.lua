-- A session at its home, the one shard that keeps its lease (L1, L2). All by this server's clock (L3).
--
-- KEYS  leases, lengths of leases, sessions here, sessions ended, sessions ending, shards that the session uses
-- ARGV  what, session, and for 'open' and 'beat' the lease (ms), for 'join' a shard
-- Answers {alive, microseconds of the clock}, and for 'end' also the shards.

local leases, lengths, here, ended, ending, shards = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local what, session = ARGV[1], ARGV[2]
local now = clock()
local time = redis.call('TIME')
local micros = time[1] .. string.format('%06d', tonumber(time[2]))
local alive = redis.call('ZSCORE', leases, session)

local function renew()
  redis.call('ZADD', leases, now + tonumber(ARGV[3]), session)
  redis.call('HSET', lengths, session, ARGV[3])
end

if what == 'open' and not alive then
  if redis.call('ZSCORE', ended, session) then
    return {0, micros}
  end
  renew()
  redis.call('ZADD', here, now, session)
  alive = true
elseif what == 'beat' and alive then
  renew()
elseif what == 'join' and alive then
  redis.call('SADD', shards, ARGV[3])
elseif what == 'end' then
  if alive then
    redis.call('ZREM', leases, session)
    redis.call('HDEL', lengths, session)
    redis.call('ZREM', here, session)
    redis.call('ZADD', ended, now, session)
    redis.call('ZADD', ending, now, session)
  end
  return {0, micros, redis.call('SMEMBERS', shards)}
end
return {alive and 1 or 0, micros}

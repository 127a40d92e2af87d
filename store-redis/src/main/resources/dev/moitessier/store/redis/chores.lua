-- What a sweep finds to do in one shard. Ends the sessions at home here whose lease is over; none whose lease is shorter than
-- three times the age of the sweeper's last heartbeat (L3).
--
-- KEYS  leases, lengths of leases, sessions here, sessions ended, sessions ending, away, ids, older ids
-- ARGV  the sweeper's last heartbeat (ms) or '', most of each, how long an end is remembered (ms), after which time a session here is
--       looked up at its home (ms)
-- Answers {sessions that end, names whose time away is over, sessions to look up}.

local leases, lengths, here, ended, ending, away = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local most = ARGV[2]
local now = clock()

if ARGV[1] ~= '' then
  local age = now - tonumber(ARGV[1])
  for _, session in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('(%.0f', now), 'LIMIT', 0, most)) do
    if age * 3 <= tonumber(redis.call('HGET', lengths, session) or '0') then
      redis.call('ZREM', leases, session)
      redis.call('HDEL', lengths, session)
      redis.call('ZREM', here, session)
      redis.call('ZADD', ended, now, session)
      redis.call('ZADD', ending, now, session)
    end
  end
end
redis.call('ZREMRANGEBYSCORE', ended, '-inf', now - tonumber(ARGV[3]))

-- Ids whose time is over, where no append has given them up.
local ids, older = KEYS[7], KEYS[8]
local is = redis.call('HMGET', ids, 'u', 'k')
local over, keysUntil = tonumber(is[1] or ''), tonumber(is[2] or '')
if over and now >= over + USUAL then
  redis.call('UNLINK', ids, older)
  if keysUntil and keysUntil > now then
    redis.call('HSET', ids, 'k', is[2])
  end
elseif over and over > now + USUAL then
  redis.call('HSET', ids, 'u', string.format('%.0f', now + USUAL)) -- the clock was set back
elseif not over and keysUntil and now >= keysUntil then
  redis.call('UNLINK', ids, older)
end
return {
  redis.call('ZRANGEBYSCORE', ending, '-inf', '+inf', 'LIMIT', 0, most),
  redis.call('ZRANGEBYSCORE', away, '-inf', now, 'LIMIT', 0, most),
  redis.call('ZRANGEBYSCORE', here, '-inf', now - tonumber(ARGV[4]), 'LIMIT', 0, 16)}

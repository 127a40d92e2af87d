-- Retention of one scope: keeps what is younger than the age and among the newest (S1), trimmed in the same step (S2).
--
-- KEYS  stream, meta, index of texts
-- ARGV  age (ms), count, or '' for no bound
-- Answers {entries removed, marks of texts whose entries are gone}.

local stream, meta, index = KEYS[1], KEYS[2], KEYS[3]
local age, count = ARGV[1], ARGV[2]
local removed = 0

if age ~= '' then
  local bound = format(clock() - tonumber(age) - 1, MAX_SEQ)
  -- From the front first: backwards from a bound that lies before all entries, the server walks through all of them.
  if #redis.call('XRANGE', stream, '-', bound, 'COUNT', 1) > 0 then
    local last = redis.call('XREVRANGE', stream, bound, '-', 'COUNT', 1)[1]
    redis.call('HSET', meta, 't', last[1])
    local ms, seq = parse(last[1])
    removed = redis.call('XTRIM', stream, 'MINID', format(ms, seq + 1))
  end
end
local was = redis.call('HGET', meta, 'c')
if count == '' then
  if was then
    redis.call('HDEL', meta, 'c')
  end
else
  if was ~= count then
    redis.call('HSET', meta, 'c', count)
  end
  if redis.call('XLEN', stream) > tonumber(count) then
    removed = removed + keep_newest(stream, meta, tonumber(count))
  end
end

local marks = {}
local trimmed = redis.call('HGET', meta, 't')
if trimmed then
  local ms, seq = parse(trimmed)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', ms, 'LIMIT', 0, 200)) do
    local memberMs, memberSeq = parse(string.match(member, '^[^ ]+'))
    if memberMs < ms or memberSeq <= seq then
      marks[#marks + 1] = member
    end
  end
end
return {removed, marks}

-- Entries of one scope backwards (V3).
--
-- KEYS  stream, meta
-- ARGV  upper bound ('+', or '(' and a position), cursor, most entries
-- Answers as page does.

local is = redis.call('HMGET', KEYS[2], 'h', 't', 'v', 'b')
if not is[1] then
  return {}
end
local trimmed = is[2] or '0-0'
local ms, seq = parse(ARGV[2])
local trimmedMs, trimmedSeq = parse(trimmed)
ms, seq = higher(ms, seq, trimmedMs, trimmedSeq)
return {is[1], trimmed, is[3], is[4], 0,
  redis.call('XREVRANGE', KEYS[1], ARGV[1], '(' .. format(ms, seq), 'COUNT', ARGV[3])}

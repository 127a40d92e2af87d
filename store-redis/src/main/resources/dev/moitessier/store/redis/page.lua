-- A page of one scope: entries, head, trimmed and members version in one snapshot (C2).
--
-- KEYS  stream, meta
-- ARGV  cursor, most entries, most bytes, '1' if the first entry comes whatever its size (R3)
-- Answers nothing for an unknown scope, else {head, trimmed, members version, where this life of the scope began,
--         1 if the page was cut, entries}.

local is = redis.call('HMGET', KEYS[2], 'h', 't', 'v', 'b')
if not is[1] then
  return {}
end
local most, bytes, must = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local from = is[2] and is[2] or '0-0'
local cursorMs, cursorSeq = parse(ARGV[1])
local fromMs, fromSeq = parse(from)
fromMs, fromSeq = higher(cursorMs, cursorSeq, fromMs, fromSeq)
from = format(fromMs, fromSeq)

local entries, used, cut, chunk = {}, 0, 0, 8
while #entries < most and cut == 0 do
  local wanted = math.min(chunk, most - #entries)
  local found = redis.call('XRANGE', KEYS[1], '(' .. from, '+', 'COUNT', wanted)
  for i = 1, #found do
    local values = found[i][2]
    local size = 0
    for v = 2, #values, 2 do
      size = size + #values[v]
    end
    if used + size > bytes and not (must and #entries == 0) then
      cut = 1
      break
    end
    used = used + size
    entries[#entries + 1] = found[i]
  end
  if #found < wanted then
    break
  end
  from = found[#found][1]
  -- So many more as the bytes left will probably take: what is not sent should not be copied either.
  chunk = math.max(1, math.min(512, math.ceil((bytes - used) / (used / #entries + 1))))
end
return {is[1], is[2] or '0-0', is[3], is[4], cut, entries}

-- Raises an acknowledged position (C5): max(old, min(new, head)), by the owning registration alone; an old one above the head, which
-- went back, is replaced.
--
-- KEYS  meta, records, acknowledged, away
-- ARGV  mailbox and subscriber, the same with the scope, registration, position

local field, name = ARGV[1], ARGV[2]
local record = redis.call('HGET', KEYS[2], field)
if not record or string.sub(record, 1, 16) ~= ARGV[3] then
  return 0
end

local function after(a, b)
  local aMs, aSeq = parse(a)
  local bMs, bSeq = parse(b)
  return aMs > bMs or (aMs == bMs and aSeq > bSeq)
end

local head = redis.call('HGET', KEYS[1], 'h')
local position = ARGV[4]
if after(position, head) then
  position = head
end
local old = redis.call('HGET', KEYS[3], field)
if not old or after(old, head) or after(position, old) then
  redis.call('HSET', KEYS[3], field, position)
end
if string.sub(record, 17, 32) == string.rep('\0', 16) then
  local keep = cmsgpack.unpack(string.sub(record, 33))[1]
  redis.call('ZADD', KEYS[4], 'XX', clock() + tonumber(keep), name)
end
return 1

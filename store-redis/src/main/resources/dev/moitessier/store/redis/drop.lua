-- Drops a scope that nobody can miss (O3): no mailbox, and a head older than the bound. The floor is raised first.
--
-- KEYS  stream, meta, index of texts, mailboxes, subscribers, records, acknowledged, known scopes, dead scopes, floor
-- ARGV  scope, age that the head must have (ms)

local is = redis.call('HMGET', KEYS[2], 'h', 'n', 'v')
if not is[1] then
  redis.call('ZREM', KEYS[9], ARGV[1])
  return 0
end
local ms, seq = parse(is[1])
if tonumber(is[2]) > 0 or ms > clock() - tonumber(ARGV[2]) or redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end
local floor = redis.call('HMGET', KEYS[10], 'h', 'v')
local floorMs, floorSeq = parse(floor[1] or '0-0')
redis.call('HSET', KEYS[10], 'h', format(higher(ms, seq, floorMs, floorSeq)),
  'v', string.format('%.0f', math.max(tonumber(is[3]), tonumber(floor[2] or '0'))))
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[4], KEYS[5], KEYS[6], KEYS[7])
redis.call('ZREM', KEYS[8], ARGV[1])
redis.call('ZREM', KEYS[9], ARGV[1])
return 1

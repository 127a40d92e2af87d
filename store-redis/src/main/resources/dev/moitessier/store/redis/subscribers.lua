-- Subscribers of a mailbox by id in byte order, and the head at which the list is true (L8).
--
-- KEYS  meta, subscribers, records, acknowledged
-- ARGV  mailbox, id after which to begin or '', most
-- Answers {head, id, session, metadata, acknowledged or '', id, ...}.

local mailbox = ARGV[1] .. '\0'
local from = ARGV[2] == '' and '[' .. mailbox or '(' .. mailbox .. ARGV[2]
local answer = {redis.call('HGET', KEYS[1], 'h') or '0-0'}
for _, field in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], from, '(' .. mailbox .. '\255', 'LIMIT', 0, ARGV[3])) do
  local record = redis.call('HGET', KEYS[3], field)
  answer[#answer + 1] = string.sub(field, #mailbox + 1)
  answer[#answer + 1] = string.sub(record, 17, 32)
  answer[#answer + 1] = cmsgpack.unpack(string.sub(record, 33))[2]
  answer[#answer + 1] = redis.call('HGET', KEYS[4], field) or ''
end
return answer

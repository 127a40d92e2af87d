-- Mailboxes with their starts, in one snapshot (M1).
--
-- KEYS  meta, mailboxes
-- ARGV  those asked for; none: all
-- Answers nothing for an unknown scope, else {members version, head, mailbox, start, mailbox, start, ...}.

local is = redis.call('HMGET', KEYS[1], 'v', 'h')
if not is[1] then
  return {}
end
local answer = {is[1], is[2]}
if #ARGV == 0 then
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all do
    answer[#answer + 1] = all[i]
  end
else
  for i = 1, #ARGV do
    local start = redis.call('HGET', KEYS[2], ARGV[i])
    if start then
      answer[#answer + 1] = ARGV[i]
      answer[#answer + 1] = start
    end
  end
end
return answer

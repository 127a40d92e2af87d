-- Removes a subscriber, or detaches a durable one at the end of its session, with its farewell in the same step (L4 to L7).
--
-- KEYS  stream, meta, mailboxes, subscribers, records, acknowledged, bonds, away, live scopes, dead scopes
-- ARGV  publish command or '', origin of hints, highest position of the scope that the caller knows, scope, mailbox, subscriber, why
--       ('r': its registration leaves, 's': its session ended, 'l': its time away is over), the registration or session
-- Answers {removed or detached, mailbox removed, metadata if so}.

local stream, meta, mailboxes, subscribers, records = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local acks, bonds, away, live, dead = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local scope, mailbox, why, who = ARGV[4], ARGV[5], ARGV[7], ARGV[8]
local field = mailbox .. '\0' .. ARGV[6]
local name = scope .. '\0' .. field
local NOBODY = string.rep('\0', 16)
local now = clock()

local record = redis.call('HGET', records, field)
local registration = record and string.sub(record, 1, 16)
local session = record and string.sub(record, 17, 32)

if why == 'r' then
  if registration ~= who then
    return {0, 0}
  end
elseif why == 's' then
  redis.call('ZREM', bonds, who .. name)
  if session ~= who then
    return {0, 0}
  end
else
  local due = redis.call('ZSCORE', away, name)
  if session ~= NOBODY then
    redis.call('ZREM', away, name)
    return {0, 0}
  end
  if due and tonumber(due) > now then
    return {0, 0}
  end
end

local keep, metadata, farewell = unpack(cmsgpack.unpack(string.sub(record, 33)))
local gone = 0
if why == 's' and keep ~= '' then
  redis.call('HSET', records, field, registration .. NOBODY .. cmsgpack.pack({keep, metadata, false}))
  redis.call('ZADD', away, now + tonumber(keep), name)
else
  if session ~= NOBODY then
    redis.call('ZREM', bonds, session .. name)
  end
  redis.call('ZREM', away, name)
  redis.call('HDEL', records, field)
  redis.call('HDEL', acks, field)
  redis.call('ZREM', subscribers, field)
  if redis.call('ZLEXCOUNT', subscribers, '[' .. mailbox .. '\0', '(' .. mailbox .. '\0\255') == 0 then
    gone = 1
    redis.call('HDEL', mailboxes, mailbox)
    redis.call('HINCRBY', meta, 'v', 1)
    if redis.call('HINCRBY', meta, 'n', -1) == 0 then
      redis.call('ZREM', live, scope)
      redis.call('ZADD', dead, now, scope)
    end
  end
end

if farewell and tonumber(redis.call('HGET', meta, 'n')) > 0 then
  redis.call('HSET', meta, 'h', add(stream, ARGV[3], farewell))
  if ARGV[1] ~= '' then
    redis.call(ARGV[1], stream, ARGV[2])
  end
end
return {1, gone, metadata}

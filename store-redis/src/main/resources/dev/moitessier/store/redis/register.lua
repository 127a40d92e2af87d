-- Creates scope and mailbox where they are absent, and adds or takes over the subscriber (I2, L4, L5).
--
-- KEYS  meta, mailboxes, subscribers, records, acknowledged, bonds, away, sessions here, sessions ended, live scopes, known scopes,
--       dead scopes, floor, stream
-- ARGV  scope, mailbox, subscriber, registration, session ('' for none), '1' if the session is known to live, keep (ms or ''),
--       metadata, farewell ('' for none)
-- Answers {start, head, acknowledged or '', created, members version}, or 'join' (is the session alive? ask its home), or 'ended'.

local meta, mailboxes, subscribers, records, acks, bonds, away = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local here, ended, live, known, dead, floor = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
local stream = KEYS[14]
local scope, mailbox, subscriber, registration, session = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local keep = ARGV[7]
local NOBODY = string.rep('\0', 16)
local now = clock()

if session ~= '' then
  -- What ended stays in `ended` for longer than any call takes: a registration under way cannot slip in after the end (L1).
  if redis.call('ZSCORE', ended, session) then
    return 'ended'
  end
  if not redis.call('ZSCORE', here, session) then
    if ARGV[6] ~= '1' then
      return 'join'
    end
    redis.call('ZADD', here, now, session)
  end
end

local is = redis.call('HMGET', meta, 'h', 'n')
local head, count = is[1], tonumber(is[2] or '0')
if not head then
  -- A name that was dropped starts above all that it ever had (O3, M1); 'b' is where this life begins.
  local lowest = redis.call('HMGET', floor, 'h', 'v')
  head = lowest[1] or '0-0'
  if head ~= '0-0' then
    -- The stream gives positions above the last that it had.
    redis.call('XADD', stream, head, 'e', '')
    redis.call('XDEL', stream, head)
  end
  local time = redis.call('TIME')
  local version = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), tonumber(lowest[2] or '0') + 1)
  redis.call('HSET', meta, 'h', head, 'b', head, 'n', 0, 'v', string.format('%.0f', version))
  redis.call('ZADD', known, 0, scope)
end

local start = redis.call('HGET', mailboxes, mailbox)
local created = not start
if created then
  start = head
  redis.call('HSET', mailboxes, mailbox, start)
  redis.call('HSET', meta, 'n', count + 1)
  redis.call('HINCRBY', meta, 'v', 1)
  if count == 0 then
    redis.call('ZADD', live, 0, scope)
    redis.call('ZREM', dead, scope)
  end
end

local field = mailbox .. '\0' .. subscriber
local name = scope .. '\0' .. field
local old = redis.call('HGET', records, field)
if old and string.sub(old, 17, 32) ~= NOBODY then
  redis.call('ZREM', bonds, string.sub(old, 17, 32) .. name) -- a takeover is no departure (L5)
end
local farewell = ARGV[9] ~= '' and ARGV[9]
redis.call('HSET', records, field, registration .. (session ~= '' and session or NOBODY)
  .. cmsgpack.pack({keep, ARGV[8], farewell}))
redis.call('ZADD', subscribers, 0, field)
if session ~= '' then
  redis.call('ZADD', bonds, 0, session .. name)
  redis.call('ZREM', away, name)
else
  redis.call('ZADD', away, now + tonumber(keep), name)
end
return {start, head, redis.call('HGET', acks, field) or '', created and 1 or 0, redis.call('HGET', meta, 'v')}

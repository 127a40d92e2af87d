-- Appends to the scopes of one shard: position, members version, dedup and hint in one step (O1, A2, I1, W3).
--
-- KEYS  for each scope: stream, meta, index of texts; then for each of its elements: dedup, and texts if some are kept apart
-- ARGV  publish command or '', origin of hints, highest position that the caller knows (ms, seq), number of scopes;
--       for each scope: channel of hints, number of elements;
--       for each element: condition ('' or a members version), remember (ms or '0'), envelope, body, texts that go with the entry
--       ('' for none), number of texts that are kept apart, their mark in the index, and owner and text of each
-- Answers for each scope its members version, then for each element 's' (stored) or 'd' (duplicate) and the position, 'u' (unheard)
--       or 'v' (stale).

local publish, origin = ARGV[1], ARGV[2]
local knownMs, knownSeq = tonumber(ARGV[3]), tonumber(ARGV[4])
local now = clock()
local k, a = 1, 6
local answer = {}

for _ = 1, tonumber(ARGV[5]) do
  local stream, meta, index = KEYS[k], KEYS[k + 1], KEYS[k + 2]
  local channel, elements = ARGV[a], tonumber(ARGV[a + 1])
  k, a = k + 3, a + 2
  local is = redis.call('HMGET', meta, 'h', 'v', 'n', 'c')
  local version = is[2] or ''
  local heard = is[3] and is[3] ~= '0'
  local ms, seq = parse(is[1] or '0-0')
  -- After a failover the head may be older than what this caller has seen: never below that (O3).
  ms, seq = higher(ms, seq, knownMs, knownSeq)
  local head
  answer[#answer + 1] = version

  for _ = 1, elements do
    local condition, remember, envelope, body, inline = ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3], ARGV[a + 4]
    local texts, mark = tonumber(ARGV[a + 5]), ARGV[a + 6]
    local dedup, apart = KEYS[k], KEYS[k + 1]
    k, a = k + (texts > 0 and 2 or 1), a + 7
    local nextMs, nextSeq = following(ms, seq, now)
    local id = format(nextMs, nextSeq)
    local first
    if heard and remember ~= '0' and (condition == '' or condition == version) then
      -- One call both looks and remembers.
      first = not redis.call('SET', dedup, id, 'PX', remember, 'NX') and redis.call('GET', dedup)
    else
      first = redis.call('GET', dedup)
    end
    if first then
      answer[#answer + 1] = 'd' .. first
    elseif not heard then
      answer[#answer + 1] = 'u' -- A4
    elseif condition ~= '' and condition ~= version then
      answer[#answer + 1] = 'v' -- M2
    else
      if inline == '' then
        redis.call('XADD', stream, id, 'e', envelope, 'b', body)
      else
        redis.call('XADD', stream, id, 'e', envelope, 'b', body, 't', inline)
      end
      if texts > 0 then
        redis.call('ZADD', index, nextMs, id .. ' ' .. mark)
        -- unpack takes some 8,000 values; chunks in one script are one step all the same (A1).
        for from = a, a + 2 * texts - 1, 2000 do
          redis.call('HSET', apart, unpack(ARGV, from, math.min(from + 1999, a + 2 * texts - 1)))
        end
      end
      ms, seq, head = nextMs, nextSeq, id
      answer[#answer + 1] = 's' .. id
    end
    a = a + 2 * texts
  end

  if head then
    redis.call('HSET', meta, 'h', head)
    -- A ceiling, so that nothing grows without bound between two sweeps, which set it (S1).
    local count = tonumber(is[4] or '')
    if count and redis.call('XLEN', stream) > count * 1.2 + 16 then
      keep_newest(stream, meta, count)
    end
    if publish ~= '' then
      redis.call(publish, channel, origin)
    end
  end
end
return answer

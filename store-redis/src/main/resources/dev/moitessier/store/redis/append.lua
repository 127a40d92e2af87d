-- Appends to the scopes of one shard: position, members version, dedup and hint in one step (O1, A2, I1, W3). What this costs is the
-- store's speed: for a scope one look, one note of the head and one hint, for each of its elements two commands.
--
-- KEYS  for each scope: stream, meta; then for each of its elements: dedup, and where texts are kept apart their index and they
-- ARGV  publish command or '', origin of hints, how long ids are remembered (ms); for each scope: highest position of it that the
--       caller knows, number of elements;
--       for each element: its entry; or where that number is negative: condition ('' or a members version), remember (ms or '0'),
--       entry, number of texts that are kept apart, their mark in the index, and owner and text of each
-- Answers for each scope its members version, then for each element its position, 'd' (duplicate) and the position of the first,
--       'u' (unheard) or 'v' (stale).

local publish, origin, remember = ARGV[1], ARGV[2], ARGV[3]
local k, a, n, last = 1, 4, 0, #KEYS
local answer = {}

while k < last do
  local stream, meta = KEYS[k], KEYS[k + 1]
  local known, elements = ARGV[a], tonumber(ARGV[a + 1])
  k, a = k + 2, a + 2
  local is = redis.call('HMGET', meta, 'v', 'n', 'c')
  local version = is[1] or ''
  local heard = is[2] and is[2] ~= '0'
  local full = elements < 0
  if full then
    elements = -elements
  end
  local head
  n = n + 1
  answer[n] = version

  for _ = 1, elements do
    local dedup, condition, keep, texts = KEYS[k], '', remember, 0
    k = k + 1
    if full then
      condition, keep, texts = ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 3])
      a = a + 2
    end
    local first, id
    if heard and (condition == '' or condition == version) then
      if keep == '0' then
        first = redis.call('GET', dedup)
      end
      if not first then
        id = add(stream, known, ARGV[a])
        -- One call both looks and remembers. What was added for a duplicate, nobody has seen.
        if keep ~= '0' and not redis.call('SET', dedup, id, 'PX', keep, 'NX') then
          redis.call('XDEL', stream, id)
          first, id = redis.call('GET', dedup), nil
        end
      end
    else
      first = redis.call('GET', dedup)
    end
    n = n + 1
    if id then
      known, head = '0-0', id
      answer[n] = id
    elseif first then
      answer[n] = 'd' .. first
    elseif heard then
      answer[n] = 'v' -- M2
    else
      answer[n] = 'u' -- A4
    end
    if texts > 0 then
      if id then
        redis.call('ZADD', KEYS[k], parse(id), id .. ' ' .. ARGV[a + 2])
        -- unpack takes some 8,000 values; chunks in one script are one step all the same (A1).
        for from = a + 3, a + 2 + 2 * texts, 2000 do
          redis.call('HSET', KEYS[k + 1], unpack(ARGV, from, math.min(from + 1999, a + 2 + 2 * texts)))
        end
      end
      k = k + 2
    end
    a = a + (full and 3 + 2 * texts or 1)
  end

  if head then
    redis.call('HSET', meta, 'h', head)
    -- A ceiling, so that nothing grows without bound between two sweeps, which set it (S1). One in ten looks at it.
    local count = is[3]
    if count and (elements > 9 or string.byte(head, 13) == 48) then
      count = tonumber(count)
      if redis.call('XLEN', stream) > count * 1.2 + 16 then
        keep_newest(stream, meta, count)
      end
    end
    if publish ~= '' then
      redis.call(publish, stream, origin)
    end
  end
end
return answer

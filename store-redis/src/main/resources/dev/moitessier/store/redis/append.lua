-- Appends to the scopes of one shard: position, members version, dedup and hint in one step (O1, A2, I1, W3). What this costs is the
-- store's speed: for a call three commands, for a scope one look, one note of the head and one hint, for an element one XADD.
--
-- Ids that are remembered for the usual time are fields of a hash, which is given up as a whole: what was noted in `ids` until its
-- time was over stays in `older` for as long again. Ids of another time are keys of their own, which expire; how long there are
-- such keys stands in `ids` as well, so that they are asked for only then.
--
-- KEYS  ids, older ids, then the id of each element; then for each scope: stream, meta, and for each of its elements whose texts are
--       kept apart their index and they
-- ARGV  origin of hints, number of all elements; for each scope: highest position of it that the caller knows, publish command or
--       '', number of elements;
--       for each element: its entry; or where that number is negative: condition ('' or a members version), remember (ms, or '' for
--       the usual time), entry, number of texts that are kept apart, their mark in the index, and owner and text of each
-- Answers for each scope its members version, then for each element its position, 'd' (duplicate) and the position of the first,
--       'u' (unheard) or 'v' (stale).

local origin, all = ARGV[1], tonumber(ARGV[2])
local ids, older = KEYS[1], KEYS[2]
local noted = call('HMGET', ids, 'u', 'k', unpack(KEYS, 3, all + 2))
local before = all == 1 and {call('HGET', older, KEYS[3])} or call('HMGET', older, unpack(KEYS, 3, all + 2))
local now
local keysUntil = noted[2]
if keysUntil then
  now = clock()
  keysUntil = tonumber(keysUntil)
end
local mine, new, news, last = {}, {}, 0, nil
local e, k, a, n = 0, all + 3, 3, 0
local answer = {}

while e < all do
  local stream, meta = KEYS[k], KEYS[k + 1]
  local known, publish, elements = ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2])
  k, a = k + 2, a + 3
  local is = call('HMGET', meta, 'v', 'n', 'c')
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
    e, n = e + 1, n + 1
    local id, condition, keep, texts = KEYS[e + 2], '', '', 0
    if full then
      condition, keep, texts = ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 3])
      a = a + 2
    end
    local first = noted[e + 2] or before[e] or mine[id]
    if not first and keysUntil and keysUntil > now then
      first = call('GET', id)
    end
    local given
    if first then
      answer[n] = 'd' .. first
    elseif not heard then
      answer[n] = 'u' -- A4
    elseif condition ~= '' and condition ~= version then
      answer[n] = 'v' -- M2
    else
      given = add(stream, known, ARGV[a])
      known, head, answer[n] = '0-0', given, given
      if keep == '' then
        new[news + 1], new[news + 2] = id, given
        news = news + 2
        mine[id] = given
      elseif keep ~= '0' then
        call('SET', id, given, 'PX', keep)
        now = now or clock()
        if not keysUntil or keysUntil < now + keep then
          keysUntil = now + keep
          call('HSET', ids, 'k', string.format('%.0f', keysUntil))
        end
      end
    end
    if texts > 0 then
      if given then
        call('ZADD', KEYS[k], parse(given), given .. ' ' .. ARGV[a + 2])
        -- unpack takes some 8,000 values; chunks in one script are one step all the same (A1).
        for from = a + 3, a + 2 + 2 * texts, 2000 do
          call('HSET', KEYS[k + 1], unpack(ARGV, from, math.min(from + 1999, a + 2 + 2 * texts)))
        end
      end
      k = k + 2
    end
    a = a + (full and 3 + 2 * texts or 1)
  end

  if head then
    last = head
    call('HSET', meta, 'h', head)
    -- A ceiling, so that nothing grows without bound between two sweeps, which set it (S1). One in ten looks at it.
    local count = is[3]
    if count and (elements > 9 or string.byte(head, 13) == 48) then
      count = tonumber(count)
      if call('XLEN', stream) > count * 1.2 + 16 then
        keep_newest(stream, meta, count)
      end
    end
    if publish ~= '' then
      call(publish, stream, origin)
    end
  end
end

if news > 0 then
  -- No position is below the clock, so the clock is asked only when one is above.
  local over = noted[1]
  if not over or last > over then
    now = now or clock()
    if not over or now >= tonumber(over) then
      call('UNLINK', older)
      if over then
        call('RENAME', ids, older)
        if keysUntil and keysUntil > now then
          call('HSET', ids, 'k', string.format('%.0f', keysUntil))
        end
      end
      -- The filler makes a table of it from the start; a small hash is searched from end to end.
      call('HSET', ids, 'u', string.format('%.0f', now + USUAL), 'f', string.rep(' ', 100))
    end
  end
  call('HSET', ids, unpack(new))
end
return answer

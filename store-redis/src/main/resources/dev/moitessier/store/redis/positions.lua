-- Comes before every script that gives positions.
--
-- A position is a stream id "ms-seq". seq stays below 10^6, so that the id fits a Java long as ms * 10^6 + seq. A Lua number
-- holds ms or seq exactly, but not both in one.

local MAX_SEQ = 999999

local function parse(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local function format(ms, seq)
  return string.format('%.0f-%.0f', ms, seq)
end

local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function higher(ms, seq, otherMs, otherSeq)
  if ms > otherMs or (ms == otherMs and seq >= otherSeq) then
    return ms, seq
  end
  return otherMs, otherSeq
end

-- The next position above one: the clock's, or where the clock was set back (or is another server's) one that follows (O3).
local function following(ms, seq, now)
  if now > ms then
    return now, 0
  end
  if seq >= MAX_SEQ then
    return ms + 1, 0
  end
  return ms, seq + 1
end

-- Keeps the newest `count` entries. The last one that goes is looked at before it does: it is what trimmed says (C2), neither
-- more, which would call a cursor lossy that has lost nothing, nor later than the entries vanish (S2).
local function keep_newest(stream, meta, count)
  local removed = redis.call('XTRIM', stream, 'MAXLEN', count + 1)
  if redis.call('XLEN', stream) > count then
    redis.call('HSET', meta, 't', redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1][1])
    removed = removed + redis.call('XTRIM', stream, 'MAXLEN', count)
  end
  return removed
end

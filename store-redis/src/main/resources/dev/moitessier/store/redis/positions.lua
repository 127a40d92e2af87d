-- Comes before every script.
--
-- A position is a stream id "ms-seq". seq stays below 10^6, so that the id fits a Java long as ms * 10^6 + seq. A Lua number
-- holds ms or seq exactly, but not both in one.

local MAX_SEQ = 999999

-- For what runs most: one look-up less for each command.
local call = redis.call

-- How long an id is remembered that is remembered for the usual time, at least (ms).
local USUAL = 20000

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

-- Adds an entry and answers its id. The stream gives it: the clock's, or where the clock was set back one that follows on the last
-- that it ever had, be it trimmed or not (O3). After a failover the stream may have forgotten what the caller has seen: never below
-- `known`. Where both have 13 digits of ms, which lasts until 2286, the longer or greater text is the later id; all else is computed.
local function add(stream, known, entry)
  local id = call('XADD', stream, '*', 'e', entry)
  if #id >= #known and id > known and #id <= 20 and string.byte(id, 14) == 45 then
    return id
  end
  local ms, seq = parse(id)
  local knownMs, knownSeq = parse(known)
  if seq <= MAX_SEQ and (ms > knownMs or (ms == knownMs and seq > knownSeq)) then
    return id
  end
  call('XDEL', stream, id)
  ms, seq = higher(ms, seq, knownMs, knownSeq)
  if seq >= MAX_SEQ then
    ms, seq = ms + 1, 0
  else
    seq = seq + 1
  end
  id = format(ms, seq)
  call('XADD', stream, id, 'e', entry)
  return id
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

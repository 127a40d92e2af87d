// Live presence for web pages: who is here, what they show, what they say.
//
// The calls and the bytes of @yomo/presence 2.2.18, so that a page changes one import; the faults that no server can mend
// are mended here: many channels share one connection, a lost connection comes back by itself and keeps channels and
// subscriptions, an event may have many callbacks, and nobody can show under another one's id.
//
// SPDX-License-Identifier: Apache-2.0

/** How long WebTransport has before WebSocket is tried beside it, and how long when it did not make it the last time. */
const HEAD_START = 1500
const SHORT_HEAD_START = 300
const CONNECT_WITHIN = 10_000

/** The first pause before a new attempt, and the longest; each is shortened by chance, so that a room does not come back at once. */
const FIRST_PAUSE = 400
const LONGEST_PAUSE = 10_000
/** A connection that lived this long was a good one: the pauses begin small again. */
const STEADY = 5_000

/** Once a second: what may be lost in a datagram is said again, and silence is looked into. */
const BEAT = 1_000
/** Beats of silence until the server is asked for a sign. Only QUIC has to be asked soon: a broken TCP connection is told by the system. */
const QUIET = { webtransport: 2, websocket: 4 }
/** Beats of silence after that until the connection counts as lost. */
const PATIENCE = 1
const MEASURE_EVERY = 5
const JOIN_WITHIN = 10
const SAY_AGAIN = 2
/** Nothing else would tell that a leave was lost. */
const LEAVE_AGAIN = 4

/** Broadcasts that wait for the channel to come back, the newest of each channel. */
const WAITING_MOST = 64
/** Beyond this many unsent bytes a volatile broadcast is not worth sending. */
const BUSY_BYTES = 64 * 1024
/** What a server takes as one message. */
const MOST_BYTES = 64 * 1024

/** After a channel came back: peers of whom nothing was heard for so long have gone meanwhile. */
const SETTLE = 1_000
const SETTLE_QUIET = 300
const SETTLE_MOST = 5_000
/** The least time between two calls of a roster's subscribers: one frame of a screen. */
const FRAME = 16

const CODES = { connecting: 0, open: 1, closed: 2 }
const now = () => performance.now()

/** Resolves with a connected {@link Presence}. Rejects for wrong arguments, and if it is aborted before. */
export const createPresence = async (url, options) => {
  const presence = new Presence(url, options)
  await presence.ready
  return presence
}

/** One connection to a server, and the channels on it. It connects when it is made and comes back until it is closed. */
export class Presence {
  #urls
  #options
  #state
  #rooms = new Map()
  /** Channels left over datagrams, with how often that is still to be said. */
  #leaving = new Map()
  #listeners = { connecting: [], open: [], closed: [], ready: [], error: [], end: [] }
  #status = 'closed'
  #link
  #ended = false
  #wake = () => {}
  #slowTransport = false
  #silence = 0
  #beats = 0
  #asked
  #outgrow = () => {}
  #onPage = []

  constructor(url, options = {}) {
    this.#urls = [url].flat().map(String)
    this.#options = { autoDowngrade: true, ...options }
    if (!this.#urls.length || !this.#urls.every((each) => /^https?:\/\//.test(each))) {
      throw new TypeError('Invalid url: https://HOST[:PORT]/v1, or a list of such')
    }
    if (!('publicKey' in this.#options)) throw new TypeError('Invalid options: publicKey is missing')
    this.id = String(this.#options.id || randomId())
    this.#state = { id: this.id }
    /** Resolves with this when it is connected for the first time. */
    this.ready = new Promise((resolve, reject) => {
      this.onReady(resolve)
      this.onClosed(() => reject(this.#options.signal?.reason ?? new Error('closed before it was connected')))
    })
    this.ready.catch(() => {})
    this.#options.signal?.addEventListener('abort', () => this.close())
    if (this.#options.signal?.aborted) this.close()
    else this.#watchPage()
    this.#live()
  }

  /** 'connecting', 'open' or 'closed'. */
  get status() {
    return this.#status
  }

  /** 'webtransport' or 'websocket' while it is open. */
  get transport() {
    return this.#link?.kind
  }

  /** The endpoint it is connected to. */
  get url() {
    return this.#link?.url
  }

  /** Milliseconds to the server and back, measured every few seconds while it is in a channel. */
  roundTrip

  /**
   * Resolves with the channel when the server has let us in. Called again for the same channel it gives another handle of it:
   * each has its own subscriptions, and the channel is left with the last one.
   */
  async joinChannel(name, state) {
    if (typeof name !== 'string' || !name) throw new TypeError('a channel has a name')
    if (this.#ended) throw new Error('this presence is closed')
    const next = { ...this.#state, ...state, id: this.id }
    encodeBounded(next)
    this.#state = next
    const room = this.#rooms.get(name) ?? this.#newRoom(name)
    room.setState(state)
    return new Promise((resolve, reject) => room.open(resolve, reject))
  }

  /** Leaves with every handle of that channel. */
  leaveChannel(name) {
    this.#rooms.get(name)?.leave()
  }

  /** Calls back whenever the status becomes 'connecting', 'open' or 'closed'. Returns what ends that. */
  on(status, callback) {
    if (!(status in CODES)) throw new TypeError(`a status is one of ${Object.keys(CODES).join(', ')}`)
    return listen(this.#listeners[status], callback)
  }

  /** Calls back each time it is connected, at once if it is now. */
  onReady(callback) {
    if (this.#link) call(callback, this)
    return listen(this.#listeners.ready, callback)
  }

  /** Calls back with each attempt to connect that failed. */
  onError(callback) {
    return listen(this.#listeners.error, callback)
  }

  /** Calls back when it is closed for good. */
  onClosed(callback) {
    return listen(this.#listeners.end, callback)
  }

  /** Leaves all channels and does not come back. */
  close() {
    if (this.#ended) return
    this.#ended = true
    this.#onPage.forEach((stop) => stop())
    for (const room of [...this.#rooms.values()]) room.leave()
    this.#link?.close()
    this.#wake()
    tell(this.#listeners.end, this)
  }

  // ---- the life of the connection

  async #live() {
    let outgrown
    for (let failures = 0; !this.#ended; ) {
      if (!outgrown) this.#become('connecting', 'Attempting to establish a connection.')
      let openedAt
      try {
        const link = await this.#connect(failures)
        openedAt = now()
        if (outgrown) this.#retire(outgrown)
        const beat = setInterval(() => this.#beat(link), BEAT)
        this.#opened(link)
        // A message has outgrown the datagram: others see nothing of the move if the new connection is there before this one goes.
        outgrown = await Promise.race([link.lost, new Promise((resolve) => (this.#outgrow = () => resolve(link)))])
        clearInterval(beat)
      } catch (error) {
        this.#debug('cannot connect', error)
        outgrown = outgrown?.close()
        tell(this.#listeners.error, error)
      }
      this.#link = this.#asked = undefined
      for (const room of this.#rooms.values()) room.interrupt()
      if (outgrown) {
        this.#options.reliable = true
        continue
      }
      this.#become('closed', 'Connection has been disconnected.')
      if (openedAt && now() - openedAt > STEADY) failures = 0
      if (!this.#ended) await this.#pause(failures++)
    }
    outgrown?.close()
  }

  async #connect(failures) {
    const base = this.#urls[failures % this.#urls.length]
    const url = `${base}?publickey=${encodeURIComponent(this.#options.publicKey)}&id=${encodeURIComponent(this.id)}`
    const headStart = this.#slowTransport ? SHORT_HEAD_START : HEAD_START
    const link = await connect(url, this.#options, headStart, (cancel) => (this.#wake = () => this.#ended && cancel()))
    this.#slowTransport = link.kind === 'websocket'
    link.url = base
    link.onmessage = (bytes) => this.#receive(bytes)
    return link
  }

  #opened(link) {
    if (this.#ended) return link.close()
    this.#link = link
    this.#silence = this.#beats = 0
    this.#wake = () => (this.#silence = Math.max(this.#silence, QUIET[link.kind]))
    this.#leaving.clear()
    this.#debug('connected over', link.kind)
    for (const room of this.#rooms.values()) room.enter()
    this.#become('open', 'Connection established successfully.')
    tell(this.#listeners.ready, this)
  }

  /** Stays until the server knows us on the new connection, so that nobody sees us leave; what comes over it has been heard. */
  #retire(link) {
    link.onmessage = undefined
    setTimeout(link.close, BEAT)
  }

  /** Half of a pause is chance. The network coming back, or the page coming to the front, ends it; while connected they let us ask. */
  #pause(failures) {
    const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #beat(link) {
    this.#silence++
    this.#beats++
    for (const [name, times] of this.#leaving) {
      this.#send({ t: 'control', op: 'peer_offline', c: name })
      if (times > 1) this.#leaving.set(name, times - 1)
      else this.#leaving.delete(name)
    }
    for (const room of [...this.#rooms.values()]) room.beat(link.kind)
    const joined = [...this.#rooms.values()].find((room) => room.joined)
    if (!joined) {
      this.#silence = 0
    } else if (this.#silence > QUIET[link.kind] + PATIENCE) {
      // Counted in beats, not in time: a page that was asleep finds its messages before so many have passed.
      this.#debug('no sign of life')
      link.close()
    } else if (this.#silence >= QUIET[link.kind] || this.#beats % MEASURE_EVERY === 1) {
      // A join that has been answered is answered again: the only question that every server of this protocol knows.
      this.#asked = { name: joined.name, at: now() }
      joined.sendJoin()
    }
  }

  #become(status, details) {
    this.#status = status
    tell(this.#listeners[status], { status, code: CODES[status], details })
  }

  /** Leaves in time when the page goes, comes back if it does, and does not wait when the network is there again. */
  #watchPage() {
    const watch = (target, event, callback) => {
      if (!target?.addEventListener) return
      target.addEventListener(event, callback)
      this.#onPage.push(() => target.removeEventListener(event, callback))
    }
    const wake = () => this.#wake()
    watch(globalThis, 'pagehide', () => {
      for (const room of this.#rooms.values()) room.sendLeave()
      this.#link?.close()
    })
    watch(globalThis, 'pageshow', wake)
    watch(globalThis, 'online', wake)
    watch(globalThis.document, 'visibilitychange', () => globalThis.document.hidden || wake())
  }

  // ---- messages

  #newRoom(name) {
    const room = new Room(name, this.#state, (message, mayDrop) => this.#send(message, mayDrop), () => this.#left(room))
    this.#rooms.set(name, room)
    this.#leaving.delete(name)
    if (this.#link) room.enter()
    return room
  }

  /** False if it was not sent. */
  #send(message, mayDrop) {
    const link = this.#link
    if (!link || (mayDrop && link.busy())) return false
    const bytes = encode(message)
    if (bytes.length > link.limit) {
      this.#debug(`${bytes.length} bytes do not fit into a datagram of ${link.limit}: moving to WebSocket`)
      this.#outgrow()
      return false
    }
    link.send(bytes)
    return true
  }

  #receive(bytes) {
    this.#silence = 0
    const message = attempt(() => decode(bytes))
    const room = this.#rooms.get(message?.c)
    if (!room) return
    if (message.op === 'channel_join' && room.joined) this.#answered(room)
    else room.receive(message)
  }

  /** To our question; or, over datagrams, because the server has not heard from us since it let us in. */
  #answered(room) {
    if (this.#asked?.name === room.name) {
      this.roundTrip = now() - this.#asked.at
      this.#asked = undefined
    } else if (this.#link?.kind === 'webtransport') {
      room.sendPresence()
    }
  }

  #left(room) {
    this.#rooms.delete(room.name)
    if (this.#link?.kind === 'webtransport') this.#leaving.set(room.name, LEAVE_AGAIN)
  }

  #debug(...words) {
    if (this.#options.debug) console.debug('[presence]', ...words)
  }
}

/** A handle of a channel. */
class Channel {
  #room
  #subscriptions = new Set()

  constructor(room) {
    this.#room = room
    this.id = room.name
  }

  /** Everybody else who is here, each with an `id` and the state it shows; oneself is not among them. */
  get peers() {
    return this.#room.peers()
  }

  /** What oneself shows. */
  get state() {
    return { ...this.#room.state }
  }

  /** Changes what others see of oneself: these keys, the others stay. */
  setState(state) {
    this.#room.setState(state)
  }

  /**
   * Sends to everybody else who is here. What is said while the connection is away waits for its return, the newest 64; with
   * `{volatile: true}` it is dropped then, and where the connection is too slow.
   */
  broadcast(event, data, options) {
    this.#room.broadcast(event, data, options?.volatile)
  }

  /** Calls back with the data and its sender, until the returned function is called. */
  subscribe(event, callback) {
    return this.#add(listen(entry(this.#room.events, String(event)), callback))
  }

  /** Calls back with everybody else who is here, now and after each change, until the returned function is called. */
  subscribePeers(callback) {
    const room = this.#room
    let told
    const tellOnce = (peers) => {
      if (told === room.changes) return
      told = room.changes
      callback(peers)
    }
    const off = this.#add(listen(room.rosters, callback, tellOnce))
    queueMicrotask(() => this.#subscriptions.has(off) && call(tellOnce, this.peers))
    return off
  }

  /** 'join': calls back each time the channel has been joined again. */
  on(event, callback) {
    if (event !== 'join') throw new TypeError('a channel has the event join')
    return this.#add(listen(this.#room.joins, callback))
  }

  /** Ends the subscriptions of this handle; with the last handle others see us leave. */
  leave() {
    for (const off of this.#subscriptions) off()
    this.#room.close(this)
  }

  #add(off) {
    const once = () => {
      off()
      this.#subscriptions.delete(once)
    }
    this.#subscriptions.add(once)
    return once
  }
}

/** What the handles of a channel share: its state, its peers, its place on the wire. */
class Room {
  #me
  #send
  #gone
  #handles = new Set()
  #openers = []
  #members = new Map()
  #waiting = []
  #unanswered = 0
  #stateRepeats = 0
  #settling
  #heardAt = 0
  #toldAt = 0
  #telling
  joined = false
  events = new Map()
  rosters = []
  changes = 0
  joins = []

  constructor(name, state, send, gone) {
    this.name = name
    this.state = state
    this.#me = state.id
    this.#send = send
    this.#gone = gone
  }

  peers() {
    return [...this.#members.values()].map((member) => member.state)
  }

  // ---- coming and going

  open(resolve, reject) {
    if (this.joined) resolve(this.#handle())
    else this.#openers.push({ resolve, reject })
  }

  close(handle) {
    if (this.#handles.delete(handle) && !this.#handles.size && !this.#openers.length) this.leave()
  }

  leave() {
    this.sendLeave()
    this.interrupt()
    clearTimeout(this.#telling)
    this.#handles.clear()
    this.rosters.length = this.joins.length = 0
    this.events.clear()
    this.#refuse(new Error(`the channel ${this.name} was left before it was joined`))
    this.#gone()
  }

  enter() {
    this.#unanswered = 0
    this.sendJoin()
  }

  interrupt() {
    this.joined = false
    clearTimeout(this.#settling)
  }

  beat(kind) {
    if (!this.joined) {
      this.#unanswered++
      if (this.#unanswered >= JOIN_WITHIN && this.#openers.length && !this.#handles.size) {
        this.#refuse(new Error(`no answer to the join of ${this.name}: it may be refused by the server`))
        this.leave()
      } else if (kind === 'webtransport' || this.#unanswered % 5 === 0) {
        this.sendJoin()
      }
    } else if (kind === 'webtransport' && this.#stateRepeats > 0) {
      this.#stateRepeats--
      this.#sendState()
    }
  }

  // ---- said by us

  sendJoin() {
    this.#send({ t: 'control', op: 'channel_join', c: this.name, pl: encode(this.state) })
  }

  sendLeave() {
    this.#send({ t: 'control', op: 'peer_offline', c: this.name })
  }

  sendPresence() {
    this.#send({ t: 'control', op: 'peer_online', c: this.name })
    this.#sendState()
  }

  setState(state) {
    const next = { ...this.state, ...state, id: this.#me }
    if (same(encodeBounded(next), encode(this.state))) return
    this.state = next
    this.#stateRepeats = SAY_AGAIN
    if (this.joined) this.#sendState()
  }

  broadcast(event, data, isVolatile) {
    const message = { t: 'data', c: this.name, pl: encodeBounded({ event: String(event), data: JSON.stringify(data) }) }
    if (this.joined && this.#send(message, isVolatile)) return
    if (!isVolatile && this.#handles.size) this.#wait(message)
  }

  #wait(message) {
    this.#waiting.push(message)
    if (this.#waiting.length > WAITING_MOST) this.#waiting.shift()
  }

  #sendState() {
    this.#send({ t: 'control', op: 'peer_state', c: this.name, pl: encode(this.state) })
  }

  // ---- heard from the server

  receive({ t, op, p, pl }) {
    if (t === 'data') this.#data(String(p), pl)
    else if (op === 'channel_join') this.#admitted()
    else if (!p || String(p) === this.#me) return
    else if (op === 'peer_state') this.#shown(String(p), pl)
    else if (op === 'peer_offline') this.#departed(String(p))
    else if (op === 'peer_online' && this.joined) this.#sendState()
  }

  #admitted() {
    this.joined = true
    this.#unanswered = 0
    this.sendPresence()
    for (const member of this.#members.values()) member.stale = true
    if (this.#members.size) this.#settle(now())
    for (const message of this.#waiting.splice(0)) if (!this.#send(message)) this.#wait(message)
    for (const opener of this.#openers.splice(0)) opener.resolve(this.#handle())
    tell(this.joins)
  }

  /** Peers that were here before we were away, and are not any more. */
  #settle(since) {
    this.#settling = setTimeout(() => {
      const busy = now() - this.#heardAt < SETTLE_QUIET && now() - since < SETTLE_MOST
      if (busy) return this.#settle(since)
      for (const [id, member] of this.#members) if (member.stale) this.#departed(id)
    }, now() - since < SETTLE ? SETTLE : SETTLE_QUIET)
  }

  #shown(id, pl) {
    const known = this.#members.get(id)
    if (!known || known.stale) this.#heardAt = now()
    if (known && same(known.bytes, pl)) {
      known.stale = false
      return
    }
    const state = attempt(() => decode(pl))
    if (!state || typeof state !== 'object') return
    this.#members.set(id, { state: { ...state, id }, bytes: pl })
    this.#changed()
  }

  #departed(id) {
    if (this.#members.delete(id)) this.#changed()
  }

  #data(id, pl) {
    const said = attempt(() => decode(pl))
    if (!said) return
    const data = typeof said.data === 'string' ? parsed(said.data) : (said.data ?? null)
    tell(this.events.get(said.event), data, this.#members.get(id)?.state ?? { id })
  }

  /** The first change is told at once, what follows within a frame in one call. */
  #changed() {
    this.changes++
    if (this.#telling) return
    this.#telling = setTimeout(() => {
      this.#telling = undefined
      this.#toldAt = now()
      tell(this.rosters, this.peers())
    }, Math.max(0, this.#toldAt + FRAME - now()))
  }

  #handle() {
    const handle = new Channel(this)
    this.#handles.add(handle)
    return handle
  }

  #refuse(error) {
    for (const opener of this.#openers.splice(0)) opener.reject(error)
  }
}

// ---- callbacks

/** Adds a callback; the result removes that one, however often the same function was added. */
const listen = (listeners, given, callback = given) => {
  if (typeof given !== 'function') throw new TypeError('a callback is a function')
  const listener = { callback }
  listeners.push(listener)
  return () => {
    const at = listeners.indexOf(listener)
    if (at >= 0) listeners.splice(at, 1)
  }
}

const tell = (listeners = [], ...words) => {
  for (const { callback } of [...listeners]) call(callback, ...words)
}

/** A callback that throws is the page's fault to see, and stops no other. */
const call = (callback, ...words) => {
  try {
    callback(...words)
  } catch (error) {
    if (globalThis.reportError) globalThis.reportError(error)
    else console.error(error)
  }
}

const attempt = (what) => {
  try {
    return what()
  } catch {
    return undefined
  }
}

const entry = (map, key) => {
  if (!map.has(key)) map.set(key, [])
  return map.get(key)
}

/** As the original does: what is not JSON is given as it came. */
const parsed = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const same = (a, b) => a?.length === b?.length && a.every((each, i) => each === b[i])

const randomId = () => Math.random().toString(36).slice(2)

// ---- transports: a link has kind, limit, lost (a promise), busy(), send(bytes), close(), and calls onmessage(bytes)

/**
 * WebTransport, with WebSocket beside it after a head start or when it fails; the first to open is taken. A UDP that is
 * dropped somewhere on the way would else cost many seconds, and a browser delays WebTransport that failed often.
 */
const connect = (url, options, headStart, cancelled) =>
  new Promise((resolve, reject) => {
    const viaTransport = !options.reliable && url.startsWith('https:') && 'WebTransport' in globalThis
    let viaSocket = options.autoDowngrade || !viaTransport
    let over = false
    const running = new Set()
    const timers = []
    const end = (outcome, value) => {
      if (over) return
      over = true
      timers.forEach(clearTimeout)
      for (const stop of running) stop.abort()
      outcome(value)
    }
    const start = (open) => {
      const stop = new AbortController()
      running.add(stop)
      const opened = (link) => {
        running.delete(stop)
        if (over) link.close()
        end(resolve, link)
      }
      const failed = (error) => {
        running.delete(stop)
        if (!over && viaSocket) startSocket()
        else if (!running.size) end(reject, error)
      }
      open(url, stop.signal, options).then(opened, failed)
    }
    const startSocket = () => {
      if (viaSocket) start(overWebSocket)
      viaSocket = false
    }
    cancelled(() => end(reject, new Error('closed')))
    timers.push(setTimeout(() => end(reject, new Error(`no connection within ${CONNECT_WITHIN} ms`)), CONNECT_WITHIN))
    if (viaTransport) {
      start(overWebTransport)
      timers.push(setTimeout(startSocket, headStart))
    } else startSocket()
  })

const overWebSocket = (url, signal) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    socket.binaryType = 'arraybuffer'
    const link = {
      kind: 'websocket',
      limit: Infinity,
      busy: () => socket.bufferedAmount > BUSY_BYTES,
      send: (bytes) => socket.readyState === 1 && socket.send(bytes),
    }
    link.lost = new Promise((lost) => {
      // The answer of a server that is not there any more is not waited for.
      link.close = () => {
        link.onmessage = undefined
        socket.close(1000)
        lost()
      }
      socket.onclose = ({ code }) => {
        reject(new Error(`the WebSocket was closed, code ${code}`))
        lost()
      }
    })
    // One that is still opening is closed when it is open: browsers complain of it in their console otherwise.
    const abandon = () => (socket.readyState === 0 ? (socket.onopen = link.close) : link.close())
    signal.addEventListener('abort', abandon)
    // What there is to say comes with the close.
    socket.onerror = () => {}
    socket.onopen = () => resolve(link)
    socket.onmessage = ({ data }) => typeof data === 'string' || link.onmessage?.(new Uint8Array(data))
  })

const overWebTransport = async (url, signal, { serverCertificateHashes: hashes }) => {
  const session = new WebTransport(url, hashes ? { serverCertificateHashes: hashes.map(certificateHash) } : {})
  const link = { kind: 'webtransport' }
  link.lost = new Promise((lost) => {
    link.close = () => {
      link.onmessage = undefined
      session.close()
      lost()
    }
    session.closed.then(() => lost(), () => lost())
  })
  signal.addEventListener('abort', link.close)
  await session.ready
  const { datagrams } = session
  // Else a burst, such as the roster of a large room, is lost before the page has read it.
  datagrams.incomingHighWaterMark = 1024
  datagrams.outgoingHighWaterMark = 256
  const writer = (datagrams.createWritable?.() ?? datagrams.writable).getWriter()
  link.limit = datagrams.maxDatagramSize
  link.busy = () => writer.desiredSize <= 0
  link.send = (bytes) => writer.write(bytes).catch(() => {})
  readAll(datagrams.readable.getReader(), link).catch(() => {})
  return link
}

const readAll = async (reader, link) => {
  for (let next = await reader.read(); !next.done; next = await reader.read()) link.onmessage?.(next.value)
}

/** Hex, as a server prints it, or what WebTransport takes. */
const certificateHash = (hash) =>
  typeof hash === 'string'
    ? { algorithm: 'sha-256', value: Uint8Array.from(hash.match(/../g), (byte) => parseInt(byte, 16)) }
    : hash

// ---- MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): what @msgpack/msgpack 2.8.0 writes, byte for byte

const utf8 = new TextEncoder()
const text = new TextDecoder('utf-8', { ignoreBOM: true })
const DEEPEST = 100

const encode = (value) => {
  const out = []
  put(out, value, 0)
  return Uint8Array.from(out)
}

const encodeBounded = (value) => {
  const bytes = encode(value)
  if (bytes.length > MOST_BYTES) throw new RangeError(`${bytes.length} bytes; a message has at most ${MOST_BYTES}`)
  return bytes
}

const put = (out, value, depth) => {
  if (depth > DEEPEST) throw new RangeError(`deeper than ${DEEPEST}, or it contains itself`)
  if (value == null) out.push(0xc0)
  else if (value === false) out.push(0xc2)
  else if (value === true) out.push(0xc3)
  else if (typeof value === 'number') putNumber(out, value)
  else if (typeof value === 'string') {
    const bytes = utf8.encode(value)
    putSize(out, bytes.length, 0xa0, 32, 0xd9)
    putBytes(out, bytes)
  } else if (Array.isArray(value)) {
    putSize(out, value.length, 0x90, 16, 0xdb)
    for (const each of value) put(out, each, depth + 1)
  } else if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    putSize(out, bytes.length, 0, 0, 0xc4)
    putBytes(out, bytes)
  } else if (value instanceof Date) putDate(out, value)
  else if (typeof value === 'object') {
    const keys = Object.keys(value)
    putSize(out, keys.length, 0x80, 16, 0xdd)
    for (const key of keys) {
      put(out, key, depth)
      put(out, value[key], depth + 1)
    }
  } else throw new TypeError(`a ${typeof value} cannot be sent`)
}

/** A size in the tag itself below `small`, else behind one of three tags; arrays and maps have none for one byte. */
const putSize = (out, size, fixed, small, tag) => {
  if (size < small) out.push(fixed | size)
  else if (size < 0x100 && tag !== 0xdb && tag !== 0xdd) out.push(tag, size)
  else if (size < 0x10000) out.push(tag + 1, size >> 8, size & 0xff)
  else out.push(tag + 2, ...big(size, 4))
}

const putBytes = (out, bytes) => {
  for (const byte of bytes) out.push(byte)
}

const putNumber = (out, value) => {
  if (!Number.isSafeInteger(value)) {
    const view = new DataView(new ArrayBuffer(8))
    view.setFloat64(0, value)
    out.push(0xcb)
    putBytes(out, new Uint8Array(view.buffer))
  } else if (value >= 0) {
    if (value < 0x80) out.push(value)
    else if (value < 0x100) out.push(0xcc, value)
    else if (value < 0x10000) out.push(0xcd, ...big(value, 2))
    else if (value < 0x100000000) out.push(0xce, ...big(value, 4))
    else out.push(0xcf, ...big(value, 8))
  } else if (value >= -0x20) out.push(value & 0xff)
  else if (value >= -0x80) out.push(0xd0, ...big(value, 1))
  else if (value >= -0x8000) out.push(0xd1, ...big(value, 2))
  else if (value >= -0x80000000) out.push(0xd2, ...big(value, 4))
  else out.push(0xd3, ...big(value, 8))
}

/** Extension -1, "Timestamp extension type". */
const putDate = (out, date) => {
  const seconds = Math.floor(date / 1000)
  const nanos = (date - seconds * 1000) * 1e6
  if (seconds >= 0 && seconds < 2 ** 32 && nanos === 0) out.push(0xd6, 0xff, ...big(seconds, 4))
  else if (seconds >= 0 && seconds < 2 ** 34) {
    out.push(0xd7, 0xff, ...big(nanos * 4 + Math.floor(seconds / 2 ** 32), 4), ...big(seconds % 2 ** 32, 4))
  } else out.push(0xc7, 12, 0xff, ...big(nanos, 4), ...big(seconds, 8))
}

/** Two's complement, big-endian. */
const big = (value, length) => {
  const bytes = []
  for (let i = 0; i < length; i++) {
    bytes.unshift(((value % 256) + 256) % 256)
    value = Math.floor(value / 256)
  }
  return bytes
}

/** One value and nothing behind it, or a RangeError. */
const decode = (bytes) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const take = (length) => {
    at += length
    if (at > bytes.length) throw new RangeError('cut off')
    return at - length
  }
  const unsigned = (length) => {
    let value = 0
    for (const byte of binary(length)) value = value * 256 + byte
    return value
  }
  const binary = (length) => bytes.subarray(take(length), at)
  const list = (length) => {
    const values = []
    while (length-- > 0) values.push(next())
    return values
  }
  const map = (size) => {
    const value = {}
    while (size-- > 0) {
      const key = next()
      const each = next()
      if (key !== '__proto__') value[key] = each
    }
    return value
  }
  const extension = (length) => {
    const type = view.getInt8(take(1))
    const data = binary(length)
    return type === -1 ? timestamp(data) : { type, data }
  }
  const next = () => {
    const tag = bytes[take(1)]
    if (tag < 0x80) return tag
    if (tag < 0x90) return map(tag & 0x0f)
    if (tag < 0xa0) return list(tag & 0x0f)
    if (tag < 0xc0) return text.decode(binary(tag & 0x1f))
    if (tag >= 0xe0) return tag - 0x100
    const power = (first) => 2 ** (tag - first)
    if (tag === 0xc0) return null
    if (tag === 0xc2 || tag === 0xc3) return tag === 0xc3
    if (tag >= 0xc4 && tag <= 0xc6) return binary(unsigned(power(0xc4)))
    if (tag >= 0xc7 && tag <= 0xc9) return extension(unsigned(power(0xc7)))
    if (tag === 0xca) return view.getFloat32(take(4))
    if (tag === 0xcb) return view.getFloat64(take(8))
    if (tag >= 0xcc && tag <= 0xcf) return unsigned(power(0xcc))
    if (tag === 0xd0) return view.getInt8(take(1))
    if (tag === 0xd1) return view.getInt16(take(2))
    if (tag === 0xd2) return view.getInt32(take(4))
    if (tag === 0xd3) return view.getInt32(take(8)) * 2 ** 32 + view.getUint32(at - 4)
    if (tag >= 0xd4 && tag <= 0xd8) return extension(power(0xd4))
    if (tag >= 0xd9 && tag <= 0xdb) return text.decode(binary(unsigned(power(0xd9))))
    if (tag === 0xdc || tag === 0xdd) return list(unsigned(2 * power(0xdc)))
    if (tag === 0xde || tag === 0xdf) return map(unsigned(2 * power(0xde)))
    throw new RangeError('no such tag')
  }
  const value = next()
  if (at < bytes.length) throw new RangeError('bytes left over')
  return value
}

const timestamp = (data) => {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const seconds64 = (i) => view.getInt32(i) * 2 ** 32 + view.getUint32(i + 4)
  if (data.length === 4) return new Date(view.getUint32(0) * 1000)
  if (data.length === 8) {
    const high = view.getUint32(0)
    return new Date(((high & 3) * 2 ** 32 + view.getUint32(4)) * 1000 + Math.floor(high / 4) / 1e6)
  }
  return new Date(seconds64(4) * 1000 + view.getUint32(0) / 1e6)
}

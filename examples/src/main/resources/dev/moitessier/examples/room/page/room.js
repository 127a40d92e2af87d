// The presence room. What it knows comes from presence.js; what it shows is in people.js, cursors.js and chat.js.

import { chat } from './chat.js'
import { connect } from './connect.js'
import { stage } from './cursors.js'
import { peopleList, shown } from './people.js'

const $ = (id) => document.getElementById(id)
const address = new URL(location.href)
const AWAY_AFTER = 120_000
const TROUBLE_AFTER = 8_000
const COLOURS = ['Teal', 'Blue', 'Violet', 'Magenta', 'Red', 'Orange', 'Ochre', 'Green']
const CALM = ['Calm', 'Early', 'Far', 'Gentle', 'Keen', 'Lone', 'Merry', 'Quiet', 'Swift', 'Wise']
const BIRDS = ['Albatross', 'Avocet', 'Gannet', 'Heron', 'Kittiwake', 'Petrel', 'Plover', 'Puffin', 'Skua', 'Tern']
const PLACES = ['harbour', 'lagoon', 'lighthouse', 'cape-horn', 'doldrums', 'trade-winds', 'atoll', 'anchorage']
const anyOf = (list) => list[Math.floor(Math.random() * list.length)]
const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 40)
const roomOf = (url) => slug(url.searchParams.get('room') ?? '') || 'harbour'

// ---- oneself: a name and a colour, kept for this window

const id = crypto.randomUUID()
const kept = (key, otherwise) => {
  const value = sessionStorage.getItem(key) ?? otherwise
  sessionStorage.setItem(key, value)
  return value
}
const me = {
  name: kept('name', `${anyOf(CALM)} ${anyOf(BIRDS)}`),
  colour: Number(kept('colour', Math.floor(Math.random() * COLOURS.length))),
  away: document.hidden,
  typing: false,
  node: '',
}

const change = (what) => {
  Object.assign(me, what)
  stageOf.colour(me.colour)
  channel?.setState(what)
  showPeople()
}

// ---- what is shown

let channel
let peers = []
/** What clients that cannot change their state say of it instead. */
const overlays = new Map()
const others = () => peers.map((peer) => shown({ ...peer, ...overlays.get(peer.id), id: peer.id }))
const personOf = (peer) => shown({ ...peer, ...overlays.get(peer.id), id: peer.id })

const people = peopleList({
  list: $('people'),
  count: $('count'),
  typing: $('typing'),
  announce: (words) => ($('announce').textContent = words),
  onSelf: () => openYou(),
})
const stageOf = stage({
  sea: $('sea'),
  layer: $('cursors'),
  onMove: (at) => channel?.broadcast('cursor', rounded(at), { volatile: true }),
  onRipple: (at) => {
    stageOf.ripple(at, me.colour)
    channel?.broadcast('ripple', rounded(at), { volatile: true })
  },
})
const talk = chat({
  log: $('log'),
  form: $('chat'),
  field: $('say'),
  onSay: (text) => {
    talk.said({ ...me, id }, text)
    channel?.broadcast('chat', text)
  },
  onTyping: (typing) => change({ typing }),
})
const rounded = ({ x, y }) => ({ x: Math.round(x * 1e4) / 1e4, y: Math.round(y * 1e4) / 1e4 })

const showPeople = () => {
  const here = others()
  people.update({ ...me, id }, here)
  stageOf.update(here)
  $('alone').classList.toggle('gone', here.length > 0)
}

// ---- the room

let entered = 0
const enter = async (presence, name) => {
  const mine = ++entered
  channel?.leave()
  channel = undefined
  peers = []
  overlays.clear()
  people.forget()
  stageOf.clear()
  talk.clear()
  showRoom(name)
  showPeople()
  const joined = await presence.join(`room-${name}`, { ...me }, (it) => mine === entered && wire(it))
  if (mine !== entered) return joined.leave()
  channel = joined
  channel.setState({ ...me })
}

const wire = (it) => {
  it.subscribePeers((now) => {
    peers = [...now]
    for (const known of overlays.keys()) if (!peers.some((peer) => peer.id === known)) overlays.delete(known)
    showPeople()
  })
  it.subscribe('cursor', (at, from) => stageOf.move(from.id, at))
  it.subscribe('ripple', (at, from) => stageOf.ripple(at, personOf(from).colour))
  it.subscribe('chat', (text, from) => {
    if (typeof text !== 'string') return
    const person = personOf(peers.find((peer) => peer.id === from.id) ?? from)
    talk.said(person, text.slice(0, 300))
    stageOf.said(from.id, text.slice(0, 120))
  })
  it.subscribe('state', (what, from) => {
    overlays.set(from.id, { ...overlays.get(from.id), ...what })
    showPeople()
  })
}

const showRoom = (name) => {
  $('room-name').textContent = name
  $('room-name').classList.toggle('long', name.length > 14)
  document.title = `${name} · Presence room`
}

// ---- the connection

let opened = false
let troubled
const onStatus = (status, transport) => {
  $('badge').dataset.status = status
  $('transport').textContent =
    status === 'open' ? ({ webtransport: 'WebTransport', websocket: 'WebSocket' }[transport] ?? transport) : status === 'closed' ? 'offline' : opened ? 'reconnecting' : 'connecting'
  clearTimeout(troubled)
  if (status === 'open') {
    if (opened) $('announce').textContent = 'Connected again'
    opened = true
    $('trouble').hidden = true
    showServer()
  } else {
    $('trip').textContent = '–'
    lostAt ??= Date.now()
    troubled = setTimeout(() => ($('trouble').hidden = false), Math.max(0, lostAt + TROUBLE_AFTER - Date.now()))
    if (opened) info().then((about) => presence.trust(about.certificateHash), () => {})
    return
  }
  lostAt = undefined
}
let lostAt
let presence

const info = async () => {
  const response = await fetch('/v1/info', { cache: 'no-store' })
  return response.ok ? response.json() : {}
}
const showServer = async () => {
  const { node = '–', store = '–', version = '' } = await info().catch(() => ({}))
  $('node').textContent = node
  $('store').textContent = store
  $('badge').title = version && `prscd ${version}`
  if (node !== me.node) change({ node })
}

// ---- controls

const openYou = () => {
  $('name').value = me.name
  for (const input of $('colours').children) input.checked = Number(input.value) === me.colour
  $('you').returnValue = ''
  $('you').showModal()
  $('name').select()
}
COLOURS.forEach((label, value) => {
  const input = $('colours').appendChild(document.createElement('input'))
  Object.assign(input, { type: 'radio', name: 'colour', value, title: label, ariaLabel: label })
  input.dataset.colour = value
})
$('you').addEventListener('close', () => {
  if ($('you').returnValue !== 'ok') return
  const name = $('name').value.trim() || me.name
  const colour = Number($('you').querySelector(':checked')?.value ?? me.colour)
  sessionStorage.setItem('name', name)
  sessionStorage.setItem('colour', colour)
  change({ name, colour })
})

$('another').addEventListener('click', () => {
  $('room').value = anyOf(PLACES.filter((place) => place !== roomOf(new URL(location.href))))
  $('rooms').returnValue = ''
  $('rooms').showModal()
  $('room').select()
})
$('rooms').querySelector('[data-close]').addEventListener('click', () => $('rooms').close(''))

$('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(location.href)
    $('copy').textContent = 'Copied'
  } catch {
    $('copy').textContent = 'Not allowed'
  }
  setTimeout(() => ($('copy').textContent = 'Copy the link'), 1500)
})
$('reload').addEventListener('click', () => location.reload())

let idle
const active = () => {
  clearTimeout(idle)
  idle = setTimeout(() => change({ away: true }), AWAY_AFTER)
  if (me.away && !document.hidden) change({ away: false })
}
for (const event of ['pointermove', 'pointerdown', 'keydown', 'focus']) addEventListener(event, active, { passive: true })
document.addEventListener('visibilitychange', () => (document.hidden ? change({ away: true }) : active()))

// ---- beginning

stageOf.colour(me.colour)
showRoom(roomOf(address))
showPeople()
active()

const about = await info().catch(() => ({}))
if (about.node) me.node = about.node
presence = await connect({
  url: new URL('/v1', location.href).href,
  id,
  certificateHash: about.certificateHash,
  original: address.searchParams.get('client') === 'yomo',
  onStatus,
})
const go = (name) => {
  const url = new URL(location.href)
  url.searchParams.set('room', name)
  history.pushState(null, '', url)
  enter(presence, name)
}
$('rooms').addEventListener('close', () => {
  const name = slug($('room').value)
  if ($('rooms').returnValue === 'ok' && name && name !== roomOf(new URL(location.href))) go(name)
})
addEventListener('popstate', () => enter(presence, roomOf(new URL(location.href))))
setInterval(() => {
  const trip = presence.roundTrip()
  if (trip !== undefined && $('badge').dataset.status === 'open') $('trip').textContent = trip < 1 ? '<1 ms' : `${Math.round(trip)} ms`
}, 500)
await enter(presence, roomOf(new URL(location.href)))

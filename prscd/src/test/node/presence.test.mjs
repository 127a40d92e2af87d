// presence.js by itself: its bytes, its callbacks, its pauses, its size. The server here is a bare WebSocket that says what the
// test says; against the real one it is tested in PresenceClientTest.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { once } from 'node:events'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { decode, encode } from '@msgpack/msgpack'
import { minify } from 'terser'
import ts from 'typescript'
import { connected, serve, until } from './bare.mjs'
import { createPresence, Presence } from './presence.js'

// ---- bytes

const captured = async () => {
  const document = await readFile(new URL('./protocol.md', import.meta.url), 'utf8')
  const lines = document.split('```signalling\n')[1].split('```')[0].trim().split('\n')
  return lines.map((line) => line.split(/\s+/)).map(([way, op, hex]) => ({ way, op, hex }))
}

test('what it sends is, byte for byte, what the original was captured sending', async (t) => {
  const server = await serve(t)
  const presence = await connected(t, server, 'bob')
  assert.equal(server.asked, '/v1?publickey=k&id=bob')
  const room = await presence.joinChannel('room', { name: 'Bob' })
  room.broadcast('msg', { x: 1 })
  room.leave()
  await until('all of it', () => server.heard.length >= 5)
  const expected = (await captured()).filter((line) => line.way === 'C>S')
  assert.deepEqual(server.heard.map((each) => each.hex), expected.map((each) => each.hex))
})

test('it reads what the server was captured sending', async (t) => {
  const server = await serve(t, { admits: false })
  const presence = await connected(t, server)
  const joining = presence.joinChannel('room')
  await until('the question', () => server.heard.length === 1)
  const lines = (await captured()).filter((line) => line.way === 'S>C')
  const send = (op) => server.sockets[0].send(Buffer.from(lines.find((line) => line.op === op).hex, 'hex'))
  send('channel_join')
  const room = await joining
  const said = []
  room.subscribe('msg', (data, peer) => said.push({ data, peer }))
  send('peer_state')
  send('data')
  await until('the word', () => said.length === 1)
  assert.deepEqual(said[0], { data: { x: 1 }, peer: { id: 'bob', name: 'Bob' } })
  assert.deepEqual(room.peers, [{ id: 'bob', name: 'Bob' }])
  send('peer_offline')
  await until('the end', () => room.peers.length === 0)
})

test('the state of every kind of value is encoded and decoded as @msgpack/msgpack 2.8.0 does', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9)
  t.diagnostic(`seed ${seed}`)
  let random = seed
  const chance = () => {
    random = (Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return random / 2 ** 32
  }
  const many = (most, make) => Array.from({ length: Math.floor(chance() * most) }, make)
  const limits = [0, 31, 32, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]
  const make = (depth) => {
    switch (Math.floor(chance() * (depth > 4 ? 8 : 10))) {
      case 0: return null
      case 1: return chance() < 0.5
      case 2: return limits[Math.floor(chance() * limits.length)]
      case 3: return -limits[Math.floor(chance() * limits.length)] - 1
      case 4: return (chance() - 0.5) * 10 ** Math.floor(chance() * 40 - 20)
      case 5: return many(50, () => String.fromCodePoint([97, 233, 8364, 128512, 65279][Math.floor(chance() * 5)])).join('')
      case 6: return Uint8Array.from(many(300, () => chance() * 256))
      case 7: return new Date(Math.floor((chance() - 0.3) * 10 ** Math.floor(chance() * 14)))
      case 8: return many(20, () => make(depth + 1))
      default: return Object.fromEntries(many(20, (_, i) => [`k${i}`, make(depth + 1)]))
    }
  }
  const server = await serve(t)
  const presence = await connected(t, server)
  const room = await presence.joinChannel('room')
  for (let i = 0; i < 150; i++) {
    const value = make(0)
    const before = server.heard.length
    room.setState({ value, u: undefined, i })
    await until('the state', () => server.heard.length > before)
    const expected = encode({ id: 'alice', value, u: undefined, i })
    assert.deepEqual(Buffer.from(server.heard.at(-1).pl), Buffer.from(expected), `value ${i}`)
    server.shows('bob', { value, i })
    await until('the peer', () => room.peers[0]?.i === i)
    assert.deepEqual(room.peers[0], { ...decode(encode({ value, i })), id: 'bob' }, `value ${i}`)
  }
})

test('every tag of MessagePack is read, also those that nobody writes here', async (t) => {
  const server = await serve(t)
  const room = await (await connected(t, server)).joinChannel('room')
  const cases = {
    'ca3fc00000': 1.5, 'd0ff': -1, 'd1ffff': -1, 'd2ffffffff': -1, 'd3ffffffffffffffff': -1, 'cf0000000100000000': 2 ** 32,
    'd903616263': 'abc', 'da0003616263': 'abc', 'db00000003616263': 'abc', 'c50001ff': Uint8Array.of(255),
    'c600000001ff': Uint8Array.of(255), 'dc000101': [1], 'dd0000000101': [1], 'de0001a16101': { a: 1 }, 'df00000001a16101': { a: 1 },
    'd40107': { type: 1, data: Uint8Array.of(7) }, 'c7010107': { type: 1, data: Uint8Array.of(7) },
    'd6ff00000001': new Date(1000), 'd7ff0000000000000001': new Date(1000), 'c70cff000000000000000000000001': new Date(1000),
    '81a95f5f70726f746f5f5f01': {},
  }
  for (const [hex, expected] of Object.entries(cases)) {
    const whole = Buffer.concat([Buffer.from('81a178', 'hex'), Buffer.from(hex, 'hex')])
    server.say({ t: 'control', op: 'peer_state', c: 'room', pl: whole, p: hex })
    await until(hex, () => room.peers.some((peer) => peer.id === hex))
    assert.deepEqual(room.peers.find((peer) => peer.id === hex).x, expected, hex)
  }
})

// ---- the room

test('nobody shows under the id of another: neither a peer nor oneself', async (t) => {
  const server = await serve(t)
  const room = await (await connected(t, server)).joinChannel('room', { id: 'mallory', name: 'A' })
  assert.deepEqual(room.state, { id: 'alice', name: 'A' })
  room.setState({ id: 'mallory', name: 'B' })
  server.shows('bob', { id: 'alice', name: 'Bob' })
  server.shows('7', { id: 7 })
  await until('both', () => room.peers.length === 2)
  assert.deepEqual(room.peers, [{ id: 'bob', name: 'Bob' }, { id: '7' }])
  server.shows('alice', { name: 'oneself' })
  server.goes('7')
  await until('one has left', () => room.peers.length === 1)
  assert.deepEqual(decode(server.heard.at(-1).pl), { id: 'alice', name: 'B' })
})

test('an event has as many callbacks as it likes; each ends by itself, and one that throws stops no other', async (t) => {
  const server = await serve(t)
  const room = await (await connected(t, server)).joinChannel('room')
  const said = []
  const thrown = []
  globalThis.reportError = (error) => thrown.push(error.message)
  t.after(() => delete globalThis.reportError)
  const same = (data) => said.push(`same ${data}`)
  const ends = [room.subscribe('e', same), room.subscribe('e', same)]
  room.subscribe('e', () => { throw new Error('mine') })
  room.subscribe('e', (data) => said.push(`last ${data}`))
  server.tells('bob', 'e', 1)
  await until('first', () => said.length === 3)
  ends[0]()
  ends[0]()
  server.tells('bob', 'other', 0)
  server.tells('bob', 'e', 2)
  await until('second', () => said.length === 5)
  assert.deepEqual(said, ['same 1', 'same 1', 'last 1', 'same 2', 'last 2'])
  assert.deepEqual(thrown, ['mine', 'mine'])
})

test('the roster is told on subscription, after changes, and not for repetitions', async (t) => {
  const server = await serve(t)
  const room = await (await connected(t, server)).joinChannel('room')
  server.shows('bob', { name: 'Bob' })
  await until('bob', () => room.peers.length === 1)
  const rosters = []
  const off = room.subscribePeers((peers) => rosters.push(peers.map((peer) => peer.id + (peer.n ?? ''))))
  await until('at once', () => rosters.length === 1)
  const [bob] = room.peers
  server.shows('bob', { name: 'Bob' })
  server.goes('nobody')
  for (let n = 1; n <= 50; n++) server.shows('carol', { n })
  await until('carol', () => rosters.at(-1)?.includes('carol50'))
  assert.deepEqual(rosters[0], ['bob'])
  assert.ok(rosters.length < 40, `50 changes in a moment are told in ${rosters.length - 1} calls`)
  assert.equal(room.peers[0], bob, 'who did not change is the same object')
  off()
  const count = rosters.length
  server.goes('bob')
  await until('bob has left', () => room.peers.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(rosters.length, count)
})

test('channels do not hear each other', async (t) => {
  const server = await serve(t)
  const presence = await connected(t, server)
  const names = Array.from({ length: 300 }, (_, i) => `room-${i}`)
  const rooms = await Promise.all(names.map((name) => presence.joinChannel(name)))
  const said = []
  rooms.forEach((room) => room.subscribe('e', (data) => said.push([room.id, data])))
  names.forEach((name) => server.tells('bob', 'e', name, name))
  names.forEach((name, i) => i % 2 || server.shows('bob', { name }, name))
  await until('all', () => said.length === 300 && rooms[298].peers.length === 1)
  assert.deepEqual(said, names.map((name) => [name, name]))
  assert.deepEqual(rooms.map((room) => room.peers.length), names.map((_, i) => (i % 2 ? 0 : 1)))
  assert.equal(server.heard.filter((each) => each.op === 'peer_online').length, 300)
})

test('handles of one channel share its place on the wire; the last one leaves', async (t) => {
  const server = await serve(t)
  const presence = await connected(t, server)
  const [a, b] = await Promise.all([presence.joinChannel('room', { name: 'A' }), presence.joinChannel('room')])
  const said = []
  a.subscribe('e', () => said.push('a'))
  b.subscribe('e', () => said.push('b'))
  assert.equal(server.heard.filter((each) => each.op === 'channel_join').length, 1)
  a.leave()
  a.leave()
  server.tells('bob', 'e', 1)
  await until('b hears', () => said.length === 1)
  assert.deepEqual(said, ['b'])
  assert.equal(server.heard.filter((each) => each.op === 'peer_offline').length, 0)
  b.leave()
  await until('the end', () => server.heard.at(-1).op === 'peer_offline')
  const again = await presence.joinChannel('room')
  assert.deepEqual(again.peers, [])
  presence.leaveChannel('room')
  await until('the second end', () => server.heard.filter((each) => each.op === 'peer_offline').length === 2)
})

test('the original server asks who is here by peer_online: it is answered', async (t) => {
  const server = await serve(t)
  const room = await (await connected(t, server)).joinChannel('room', { name: 'A' })
  await until('own state', () => server.heard.length === 3)
  server.say({ t: 'control', op: 'peer_online', c: 'room', p: 'bob', mesh: 'm' })
  await until('the answer', () => server.heard.length === 4)
  assert.deepEqual(decode(server.heard[3].pl), { id: 'alice', name: 'A' })
  assert.deepEqual(room.peers, [])
})

test('what is no message ends nothing', async (t) => {
  const server = await serve(t)
  const room = await (await connected(t, server)).joinChannel('room')
  for (const junk of ['', 'c1', '81', 'ff', '00ff', '93', 'db7fffffff', 'c0', '81a163c0']) {
    server.sockets[0].send(Buffer.from(junk, 'hex'))
  }
  server.sockets[0].send('text')
  server.say({ t: 'data', c: 'room', p: 'bob' })
  server.say({ t: 'data', c: 'room', p: 'bob', pl: Uint8Array.of(0xc1) })
  server.say({ t: 'control', op: 'peer_state', c: 'room', p: 'bob', pl: 'text' })
  server.say({ t: 'control', op: 'peer_state', c: 'room', p: '', pl: encode({ id: 'x' }) })
  server.say({ t: 'control', op: 'what', c: 'room' })
  server.shows('carol', {})
  await until('carol', () => room.peers.length === 1)
  assert.equal(room.peers[0].id, 'carol')
})

test('arguments that cannot be are named at once', async (t) => {
  const server = await serve(t)
  await assert.rejects(createPresence('wss://x/v1', { publicKey: 'k' }), /Invalid url/)
  await assert.rejects(createPresence([], { publicKey: 'k' }), /Invalid url/)
  await assert.rejects(createPresence('https://x/v1', {}), /publicKey/)
  const presence = await connected(t, server)
  await assert.rejects(presence.joinChannel(''), /name/)
  await assert.rejects(presence.joinChannel('big', { a: 'x'.repeat(70_000) }), /65536/)
  await assert.rejects(presence.joinChannel('fn', { a: () => {} }), /function cannot be sent/)
  assert.throws(() => presence.on('opened', () => {}), /connecting, open, closed/)
  const room = await presence.joinChannel('room')
  assert.throws(() => room.broadcast('e', 'x'.repeat(70_000)), /65536/)
  assert.throws(() => room.subscribe('e'), /callback/)
  const cycle = {}
  cycle.self = cycle
  assert.throws(() => room.setState(cycle), /contains itself/)
  assert.deepEqual(room.state, { id: 'alice' })
  await until('the join', () => server.heard.length === 3)
  assert.deepEqual(server.heard.map((each) => each.op), ['channel_join', 'peer_online', 'peer_state'])
})

// ---- the connection

test('after a loss it comes back by itself, with channels, subscriptions and what was said meanwhile', async (t) => {
  const server = await serve(t)
  const presence = await connected(t, server)
  const statuses = []
  for (const status of ['connecting', 'open', 'closed']) presence.on(status, (it) => statuses.push(`${it.status} ${it.code}`))
  const room = await presence.joinChannel('room', { n: 1 })
  const said = []
  const joins = []
  room.subscribe('e', (data) => said.push(data))
  room.on('join', () => joins.push(1))
  server.shows('bob', {})
  server.shows('carol', {})
  await until('both', () => room.peers.length === 2)
  server.sockets[0].terminate()
  await until('closed', () => presence.status === 'closed')
  room.setState({ n: 2 })
  for (let i = 0; i < 100; i++) room.broadcast('e', i)
  room.broadcast('e', 'volatile', { volatile: true })
  server.heard.length = 0
  await until('back', () => joins.length === 1)
  const since = Date.now()
  assert.deepEqual(room.peers.map((peer) => peer.id), ['bob', 'carol'], 'the roster stays until it is known better')
  server.shows('carol', {})
  server.tells('carol', 'e', 'hello')
  await until('the word', () => said.length === 1)
  await until('bob has left meanwhile', () => room.peers.length === 1, 2000)
  t.diagnostic(`roster right ${Date.now() - since} ms after the return`)
  assert.deepEqual(server.heard.map((each) => each.op ?? 'data'), [
    'channel_join', 'peer_online', 'peer_state', ...Array(64).fill('data'),
  ].concat(server.heard.slice(67).map((each) => each.op)))
  assert.deepEqual(decode(server.heard[0].pl), { id: 'alice', n: 2 })
  assert.deepEqual(decode(server.heard[66].pl), { event: 'e', data: '99' })
  assert.deepEqual(statuses, ['closed 2', 'connecting 0', 'open 1'])
})

test('the pauses between attempts double up to a bound, are never the same for all, and begin small again', async (t) => {
  const server = await serve(t)
  const port = server.server.address().port
  const pauses = []
  const real = globalThis.setTimeout
  globalThis.setTimeout = (callback, delay, ...rest) => {
    // Pauses are cut short, other timers are left alone.
    const isPause = new Error().stack.includes('#pause')
    if (isPause) pauses.push(delay)
    return real(callback, isPause ? 1 : delay, ...rest)
  }
  t.after(() => (globalThis.setTimeout = real))
  const presence = await connected(t, server)
  const errors = []
  presence.onError((error) => errors.push(error.message))
  server.stop()
  await until('many attempts', () => pauses.length >= 9)
  pauses.slice(0, 9).forEach((pause, i) => {
    const longest = Math.min(10_000, 400 * 2 ** i)
    assert.ok(pause >= longest / 2 && pause <= longest, `pause ${i} is ${pause}`)
  })
  assert.match(errors[0], /WebSocket was closed, code 1006/)
  await serve(t, { port })
  await until('back', () => presence.status === 'open')
})

test('close leaves and stays away; so does abort before and after the first connection', async (t) => {
  const server = await serve(t)
  const presence = await connected(t, server)
  let closed = 0
  presence.onClosed(() => closed++)
  await presence.joinChannel('room')
  const [code] = await Promise.all([once(server.sockets[0], 'close').then(([code]) => code), presence.close()])
  assert.equal(code, 1000)
  assert.equal(server.heard.at(-1).op, 'peer_offline')
  assert.equal(closed, 1)
  await assert.rejects(presence.joinChannel('room'), /closed/)

  const never = new AbortController()
  const opening = createPresence('http://127.0.0.1:9/v1', { publicKey: 'k', signal: never.signal })
  never.abort(new Error('enough'))
  await assert.rejects(opening, /enough/)
  await assert.rejects(createPresence(server.url, { publicKey: 'k', signal: AbortSignal.abort() }), { name: 'AbortError' })

  const later = new AbortController()
  const other = await connected(t, server, 'bob', { signal: later.signal })
  later.abort()
  await until('closed', () => other.status === 'closed')
  await new Promise((resolve) => setTimeout(resolve, 600))
  assert.equal(server.server.clients.size, 0)
})

test('ids and keys with special characters arrive as they are', async (t) => {
  const server = await serve(t)
  await connected(t, server, 'a+b&c=d#e%41é', { publicKey: 'k/?&' })
  const asked = new URL(server.asked, 'http://x')
  assert.equal(server.asked.includes('%2B'), true)
  assert.equal(asked.searchParams.get('id'), 'a+b&c=d#e%41é')
  assert.equal(asked.searchParams.get('publickey'), 'k/?&')
})

// ---- what is shipped

test('it is as small as its document says, minified and gzipped', async (t) => {
  const source = await readFile(new URL('./presence.js', import.meta.url), 'utf8')
  const { code } = await minify(source, { module: true, compress: { passes: 2 } })
  const size = gzipSync(code, { level: 9 }).length
  t.diagnostic(`presence.js: ${source.length} bytes, ${code.length} minified, ${size} minified and gzipped`)
  const [, said] = (await readFile(new URL('./presence.md', import.meta.url), 'utf8')).match(/less than (\d+) KB/)
  assert.ok(size < said * 1024 && said <= 12)
  assert.ok(!/\bimport\b/.test(code), 'no dependencies')
})

test('the examples of its document are programs', async () => {
  const document = await readFile(new URL('./presence.md', import.meta.url), 'utf8')
  const examples = [...document.matchAll(/```(jsx?)\n(.*?)```/gs)]
  assert.equal(examples.length, 2)
  for (const [, kind, code] of examples) {
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, jsx: ts.JsxEmit.ReactJSX }
    const { diagnostics } = ts.transpileModule(code, { compilerOptions, fileName: `example.${kind}`, reportDiagnostics: true })
    assert.deepEqual(diagnostics.map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n')), [])
  }
})

test('the type definitions say what is there, and an example compiles against them', async () => {
  const files = ['./example.ts', './presence.d.ts'].map((name) => new URL(name, import.meta.url).pathname)
  const options = { strict: true, noEmit: true, skipDefaultLibCheck: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] }
  const program = ts.createProgram(files, options)
  const faults = ts.getPreEmitDiagnostics(program).map((each) => ts.flattenDiagnosticMessageText(each.messageText, '\n'))
  assert.deepEqual(faults, [])
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(files[1]))
  const declared = (name) => {
    const type = checker.getDeclaredTypeOfSymbol(checker.getExportsOfModule(module).find((each) => each.name === name))
    return checker.getPropertiesOfType(type).map((each) => each.name).sort()
  }
  const presence = new Presence('http://127.0.0.1:9/v1', { publicKey: 'k' })
  const members = (of) => Object.getOwnPropertyNames(of)
  assert.deepEqual(declared('Presence'), [...new Set([...members(Presence.prototype), ...members(presence)])].filter((name) => name !== 'constructor').sort())
  presence.close()
})

// A bare server and a client of it, for the tests of presence.js by itself.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { decode, encode } from '@msgpack/msgpack'
import WS, { WebSocketServer } from 'ws'
import { createPresence } from './presence.js'

globalThis.WebSocket = WS

/** A bare server: keeps what it hears and, unless told otherwise, lets everybody in. */
export const serve = async (t, { admits = true, port = 0 } = {}) => {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  await once(server, 'listening')
  const it = { heard: [], sockets: [], admits, url: `http://127.0.0.1:${server.address().port}/v1`, server }
  server.on('connection', (socket, request) => {
    it.sockets.push(socket)
    it.asked = request.url
    socket.on('message', (data) => {
      const message = decode(data)
      it.heard.push({ hex: data.toString('hex'), ...message })
      if (it.admits && message.op === 'channel_join') it.say({ t: 'control', op: 'channel_join', c: message.c, p: '', mesh: 'm' })
    })
  })
  it.say = (message) => it.sockets.at(-1).send(encode(message))
  it.shows = (p, state, c = 'room') => it.say({ t: 'control', op: 'peer_state', c, pl: encode(state), p, mesh: 'm' })
  it.goes = (p, c = 'room') => it.say({ t: 'control', op: 'peer_offline', c, p, mesh: 'm' })
  it.tells = (p, event, data, c = 'room') =>
    it.say({ t: 'data', c, pl: encode({ event, data: JSON.stringify(data) }), p, mesh: 'm' })
  it.stop = () => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
  t.after(it.stop)
  return it
}

export const connected = async (t, server, id = 'alice', more = {}) => {
  const presence = await createPresence(server.url, { publicKey: 'k', id, ...more })
  t.after(() => presence.close())
  return presence
}

export const until = async (what, condition, within = 5000) => {
  for (const end = Date.now() + within; !condition(); ) {
    if (Date.now() > end) assert.fail(`not within ${within} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

// What takes presence.js its time: it waits ten seconds for an answer, and some for a sign of life.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connected, serve, until } from './bare.mjs'
import { createPresence } from './presence.js'

describe('what takes its time', { concurrency: true }, () => {
  test('a join without an answer ends in an error that says so, and the channel with it', async (t) => {
    const server = await serve(t, { admits: false })
    const presence = await connected(t, server)
    await assert.rejects(presence.joinChannel('secret'), /no answer to the join of secret/)
    await until('the leave', () => server.heard.at(-1).op === 'peer_offline')
    server.admits = true
    assert.equal((await presence.joinChannel('secret')).id, 'secret')
  })

  test('a server that does not answer any more is left for another', async (t) => {
    const [dead, live] = [await serve(t), await serve(t)]
    const presence = await createPresence([dead.url, live.url], { publicKey: 'k', id: 'alice' })
    t.after(() => presence.close())
    const room = await presence.joinChannel('room')
    await until('a round trip', () => presence.roundTrip >= 0)
    assert.equal(presence.url, dead.url)
    // As with a machine that is gone: nobody reads, nobody closes.
    dead.admits = false
    const since = Date.now()
    let rejoined
    room.on('join', () => (rejoined = Date.now()))
    await until('rejoined', () => rejoined, 20_000)
    t.diagnostic(`rejoined ${rejoined - since} ms after the last sign of life`)
    assert.equal(presence.url, live.url)
  })
})

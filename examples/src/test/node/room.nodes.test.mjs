// Two nodes of the presence room on one store, one of them killed. STORE_URL: a database of PostgreSQL.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equal, freePort, near, openWindow, startBrowser, startRoom, until } from './room.mjs'

test('two nodes are one room; a killed one takes its people with it within five seconds', async (t) => {
  const store = { MOITESSIER_STORE: 'postgres', MOITESSIER_POSTGRES_URL: process.env.STORE_URL }
  const ports = [await freePort(), await freePort()]
  const browser = await startBrowser(t)
  const [one, two] = await Promise.all(ports.map((port) => startRoom(t, port, store)))
  const ada = await openWindow(browser, `${one.url}?room=harbour`, { name: 'Ada' })
  const bob = await openWindow(browser, `${two.url}?room=harbour`, { name: 'Bob' })
  await until('both see both', async () => equal(await ada.people(), ['Ada', 'Bob']) && equal(await bob.people(), ['Bob', 'Ada']))
  assert.equal(await bob.locator('#store').textContent(), 'postgres')
  await until('bob is told where ada is', async () =>
    (await bob.locator('#people li:nth-child(2) .how').textContent()).startsWith(`${ports[0]}-`))
  await ada.point(0.3, 0.3)
  await until('the cursor', async () => near(await bob.cursorOf('Ada'), 0.3, 0.3))
  await bob.say('From the other node')
  await until('the word', async () => equal(await ada.said(), ['From the other node']))
  await bob.shot('two-nodes.png')
  const killed = Date.now()
  await one.kill()
  await until('ada has gone', async () => equal(await bob.people(), ['Bob']))
  t.diagnostic(`gone ${Date.now() - killed} ms after the kill`)
  assert.ok(Date.now() - killed < 5_500)
  await startRoom(t, ports[0], store)
  await until('ada is back', async () => equal(await bob.people(), ['Bob', 'Ada']), 30_000)
  await ada.say('Back')
  await until('the word', async () => (await bob.said()).includes('Back'))
})

// The presence room as people meet it: in windows of a real browser. Screen shots are left in target/room.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { equal, freePort, near, openWindow, startBrowser, startRoom, until } from './room.mjs'

const ends = []
const forAll = { after: (end) => ends.unshift(end) }
let browser
let room
before(async () => {
  ;[room, browser] = await Promise.all([startRoom(forAll, await freePort()), startBrowser(forAll)])
})
after(async () => {
  for (const end of ends) await end()
})
const open = (t, options, address = '?room=' + encodeURIComponent(t.name.replace(/\W+/g, '-').slice(0, 30)), from = room) =>
  openWindow(browser, from.url + address, options).then((page) => {
    t.after(() => page.close())
    return page
  })

test('two windows: who is here, cursors, ripples, chat, typing, names and colours', async (t) => {
  const ada = await open(t, { name: 'Ada', colour: 0 })
  const bob = await open(t, { name: 'Bob', colour: 5, media: { colorScheme: 'dark' } })
  await until('both see both', async () => equal(await ada.people(), ['Ada', 'Bob']) && equal(await bob.people(), ['Bob', 'Ada']))
  assert.equal(await ada.locator('#transport').textContent(), 'WebTransport')
  assert.match(await ada.locator('#node').textContent(), /^\d+-[0-9a-f]{4}$/)
  assert.equal(await ada.locator('#store').textContent(), 'memory')

  await bob.evaluate(() => {
    window.moved = []
    new MutationObserver(() => window.moved.push(Date.now())).observe(document.getElementById('cursors'), { subtree: true, childList: true, attributes: true })
  })
  const delays = []
  for (let i = 0; i < 6; i++) {
    await ada.evaluate(() => addEventListener('pointermove', () => (window.movedAt = Date.now()), { once: true, capture: true }))
    await ada.point(0.2 + i / 20, 0.3 + i / 40)
    await until('the cursor is there', async () => near(await bob.cursorOf('Ada'), 0.2 + i / 20, 0.3 + i / 40))
    const movedAt = await ada.evaluate(() => window.movedAt)
    delays.push((await bob.evaluate((movedAt) => window.moved.find((at) => at >= movedAt), movedAt)) - movedAt)
  }
  delays.sort((a, b) => a - b)
  t.diagnostic(`from a move in one window to its sight in the other: median ${delays[3]} ms, worst ${delays[5]} ms`)
  assert.ok(delays[3] < 100, `${delays} ms`)

  await bob.point(0.7, 0.3)
  await bob.mouse.down()
  await bob.mouse.up()
  await until('a ripple', () => ada.evaluate(() => document.querySelector('.ripple[data-colour="5"]') || document.getAnimations().length > 0))

  await bob.locator('#say').pressSequentially('Who put')
  await until('bob is typing', async () => (await ada.locator('#typing').textContent()) === 'Bob is typing…')
  await bob.say('Who put the kettle on?')
  await ada.say('<b>The northern one.</b>')
  await until('both are heard', async () => equal(await ada.said(), ['Who put the kettle on?', '<b>The northern one.</b>']) && equal(await bob.said(), await ada.said()))
  assert.equal(await ada.locator('.cursor q.said').textContent(), 'Who put the kettle on?')
  await until('bob types no more', async () => (await ada.locator('#typing').textContent()) === '')

  await ada.click('button.person')
  await ada.fill('#name', 'Ada Lovelace')
  await ada.check('#colours [title="Violet"]')
  await ada.press('#name', 'Enter')
  await until('the new name', async () => equal(await bob.people(), ['Bob', 'Ada Lovelace']))
  await until('the new colour', () => bob.evaluate(() => document.querySelector('#people li:nth-child(2) [data-colour]').dataset.colour === '2'))
  await ada.point(0.3, 0.7)
  await until('the cursor has both', () => bob.evaluate(() => {
    const cursor = document.querySelector('.cursor')
    return cursor.dataset.colour === '2' && cursor.children[1].textContent === 'Ada Lovelace'
  }))

  await ada.shot('desktop-light.png')
  await bob.shot('desktop-dark.png')
  await until('a round trip', async () => /ms$/.test(await bob.locator('#trip').textContent()))
  await ada.close()
  await until('ada has left', async () => equal(await bob.people(), ['Bob']))
  assert.equal(await bob.locator('#announce').textContent(), 'Ada Lovelace left')
  assert.equal(await bob.locator('.cursor').count(), 0)
  assert.deepEqual([...ada.faults, ...bob.faults], [])
  const shifted = await bob.evaluate(() => window.shifted)
  t.diagnostic(`layout shift ${shifted}`)
  assert.ok(shifted < 0.005, `layout shift ${shifted}`)
})

test('by keyboard alone, and for a screen reader', async (t) => {
  const ada = await open(t, { name: 'Ada', media: { reducedMotion: 'reduce' } })
  const bob = await open(t, { name: 'Bob', media: { reducedMotion: 'reduce', colorScheme: 'dark' } })
  await until('both', async () => (await bob.people()).length === 2)
  const stops = []
  for (let i = 0; i < 10; i++) {
    await ada.keyboard.press('Tab')
    stops.push(await ada.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim()))
  }
  assert.deepEqual(stops, ['Skip to the chat', 'sea', 'copy', 'another', 'room.js', 'presence.js', 'AAdayou', 'log', 'say', 'Send'].map((stop) => (stop === 'Send' ? '' : stop)))
  await ada.focus('#sea')
  for (const key of ['ArrowRight', 'ArrowRight', 'Shift+ArrowDown']) await ada.keyboard.press(key)
  await until('the cursor follows', async () => near(await bob.cursorOf('Ada'), 0.54, 0.58))
  assert.equal(await bob.locator('.cursor').evaluate((cursor) => getComputedStyle(cursor).transitionDuration), '0s')
  await ada.keyboard.press('Space')
  await until('a ripple', () => bob.evaluate(() => new Promise((resolve) => {
    const seen = () => document.querySelector('.ripple') && resolve(true)
    new MutationObserver(seen).observe(document.getElementById('cursors'), { childList: true })
    seen()
    setTimeout(resolve, 200)
  })).then(async (seen) => seen || (await ada.keyboard.press('Space'), false)))
  await ada.focus('button.person')
  await ada.keyboard.press('Enter')
  await ada.keyboard.type('Nobody')
  await ada.keyboard.press('Escape')
  assert.deepEqual(await ada.people(), ['Ada', 'Bob'])
  const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
  for (const page of [ada, bob]) {
    await page.say('A word')
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => window.axe.run())
    assert.deepEqual(violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html)}`), [])
  }
})

test('on a phone, down to 320 pixels', async (t) => {
  const wide = await open(t, { name: 'Swift Petrel', colour: 2, width: 390, height: 844 })
  const narrow = await open(t, { name: 'Lone Albatross', colour: 4, width: 320, height: 568, media: { colorScheme: 'dark' } })
  await until('both', async () => (await wide.people()).length === 2)
  await wide.say('On my way with the charts, and a spare rope for the dinghy.')
  await narrow.say('Thanks.')
  await narrow.point(0.8, 0.2)
  await until('the cursor', async () => near(await wide.cursorOf('Lone Albatross'), 0.8, 0.2))
  await until('the words', async () => (await narrow.said()).length === 2)
  for (const page of [wide, narrow]) {
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'nothing to the side')
    for (const id of ['say', 'badge', 'copy', 'another']) {
      const box = await page.locator('#' + id).boundingBox()
      assert.ok(box.x >= 0 && box.x + box.width <= page.viewportSize().width, id)
      assert.ok(box.y >= 0 && box.y + box.height <= page.viewportSize().height, id)
    }
    assert.equal(await page.evaluate(() => {
      const badge = document.getElementById('badge')
      return badge.scrollWidth - badge.clientWidth
    }), 0, 'the whole badge')
    assert.deepEqual(page.faults, [])
  }
  await wide.shot('phone-light.png')
  await narrow.shot('phone-dark.png')
})

test('rooms are addresses: nobody hears another room, and the way back leads back', async (t) => {
  const ada = await open(t, { name: 'Ada' }, '?room=Lagoon!')
  const bob = await open(t, { name: 'Bob' }, '?room=atoll')
  assert.equal(await ada.title(), 'lagoon · Presence room')
  await bob.say('hello atoll')
  await ada.click('#another')
  await ada.fill('#room', 'Atoll')
  await ada.press('#room', 'Enter')
  await until('ada is in the atoll', async () => equal(await bob.people(), ['Bob', 'Ada']))
  assert.equal(new URL(ada.url()).search, '?room=atoll')
  assert.deepEqual(await ada.said(), [])
  await bob.say('hello ada')
  await until('ada hears', async () => equal(await ada.said(), ['hello ada']))
  await ada.goBack()
  await until('ada is back', async () => equal(await bob.people(), ['Bob']) && (await ada.title()) === 'lagoon · Presence room')
})

test('a window that is not looked at is away', async (t) => {
  const ada = await open(t, { name: 'Ada' })
  const bob = await open(t, { name: 'Bob' })
  await until('both', async () => (await bob.people()).length === 2)
  const hide = (hidden) => ada.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)
  await hide(true)
  await until('away', async () => (await bob.locator('#people li:nth-child(2) .how').textContent()) === 'away')
  await hide(false)
  await until('here', async () => (await bob.locator('#people li:nth-child(2) .how').textContent()) === '')
})

test('a killed server that starts again: windows come back by themselves', async (t) => {
  const port = await freePort()
  const first = await startRoom(t, port)
  const ada = await open(t, { name: 'Ada' }, '?room=harbour', first)
  const bob = await open(t, { name: 'Bob' }, '?room=harbour', first)
  await until('both', async () => (await ada.people()).length === 2 && (await bob.people()).length === 2)
  await first.kill()
  await until('the loss is shown', async () => (await ada.locator('#transport').textContent()) !== 'WebTransport')
  await startRoom(t, port)
  await until('both are back', async () => {
    const statuses = await Promise.all([ada, bob].map((page) => page.locator('#badge').getAttribute('data-status')))
    return equal(statuses, ['open', 'open'])
  })
  const since = Date.now()
  await until('they see each other', async () => (await ada.people()).length === 2 && (await bob.people()).length === 2)
  await bob.say('Still here')
  await until('ada hears', async () => equal(await ada.said(), ['Still here']))
  t.diagnostic(`they talk again ${Date.now() - since} ms after the reconnect`)
})

test('?client=yomo: the same page through the original client, in one room with ours', async (t) => {
  const ada = await open(t, { name: 'Ada' }, '?room=both&client=yomo')
  const bob = await open(t, { name: 'Bob' }, '?room=both')
  await until('both see both', async () => equal(await ada.people(), ['Ada', 'Bob']) && equal(await bob.people(), ['Bob', 'Ada']))
  assert.equal(await ada.locator('#transport').textContent(), 'the original client')
  await ada.point(0.4, 0.4)
  await bob.point(0.6, 0.6)
  await until('cursors both ways', async () => near(await bob.cursorOf('Ada'), 0.4, 0.4) && near(await ada.cursorOf('Bob'), 0.6, 0.6))
  await ada.say('from the original')
  await bob.say('from ours')
  await until('words both ways', async () => (await ada.said()).length === 2 && (await bob.said()).length === 2)
  await ada.click('button.person')
  await ada.fill('#name', 'Ada the First')
  await ada.press('#name', 'Enter')
  await until('the new name', async () => equal(await bob.people(), ['Bob', 'Ada the First']))
})

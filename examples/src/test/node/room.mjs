// Starts presence rooms and windows on them, for the tests of the page.
//   JAVA, CLASS_PATH, CHROMIUM: what to start; OUT: where screen shots go.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const { JAVA, CLASS_PATH, CHROMIUM, OUT } = process.env

export const until = async (what, condition, within = 20_000) => {
  for (const end = Date.now() + within; ; ) {
    const value = await condition()
    if (value) return value
    if (Date.now() > end) assert.fail(`not within ${within} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A process of the presence room; `kill` is the end that it does not notice. */
export const startRoom = async (t, port, environment = {}) => {
  const child = spawn(JAVA, ['-Xmx256m', '-cp', CLASS_PATH, 'dev.moitessier.examples.room.PresenceRoom'], {
    env: { ...process.env, ...environment, PRSCD_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const end = (signal) => {
    child.kill(signal)
    return ended
  }
  t.after(() => end('SIGKILL'))
  await until(`a room on port ${port}: ${said}`, () => {
    assert.equal(child.exitCode, null, said)
    return said.includes(`https://localhost:${port}/ is the presence room`)
  }, 60_000)
  return { url: `https://localhost:${port}/`, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

export const startBrowser = async (t) => {
  const context = await chromium.launchPersistentContext(await mkdtemp(join(tmpdir(), 'room-')), {
    executablePath: CHROMIUM,
    headless: true,
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  })
  t.after(() => context.close())
  await context.route('**/original.js', (route) =>
    route.fulfill({ path: fileURLToPath(import.meta.resolve('@yomo/presence')), contentType: 'text/javascript' }))
  return context
}

/** A window on a room, with what its console complains of and how much its layout has shifted. */
export const openWindow = async (browser, url, { name, colour = 0, width = 1280, height = 800, media = {} }) => {
  const page = await browser.newPage()
  page.faults = []
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && page.faults.push(message.text()))
  page.on('pageerror', (error) => page.faults.push(error.message))
  await page.setViewportSize({ width, height })
  await page.emulateMedia(media)
  await page.addInitScript(([name, colour]) => {
    sessionStorage.name ??= name
    sessionStorage.colour ??= colour
    window.shifted = 0
    const add = (list) => list.getEntries().forEach((entry) => (window.shifted += entry.value))
    new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true })
  }, [name, colour])
  await page.goto(url)
  await until(`${name} is in the room`, () => page.evaluate(() => document.getElementById('badge').dataset.status === 'open'))
  return Object.assign(page, {
    people: () => page.locator('#people .who').allTextContents(),
    said: () => page.locator('#log p').allTextContents(),
    say: async (text) => {
      await page.fill('#say', text)
      await page.press('#say', 'Enter')
    },
    point: async (x, y) => {
      const box = await page.locator('#cursors').boundingBox()
      await page.mouse.move(box.x + box.width * x, box.y + box.height * y)
    },
    /** Where somebody's cursor is, in parts of the stage. */
    cursorOf: (who) =>
      page.evaluate((who) => {
        const cursor = [...document.querySelectorAll('.cursor')].find((each) => each.children[1].textContent === who)
        if (!cursor) return undefined
        const { m41, m42 } = new DOMMatrix(getComputedStyle(cursor).transform)
        const stage = document.getElementById('cursors')
        return { x: m41 / stage.clientWidth, y: m42 / stage.clientHeight }
      }, who),
    shot: (file) => page.screenshot({ path: join(OUT, file) }),
  })
}

export const near = (at, x, y) => at && Math.abs(at.x - x) < 0.01 && Math.abs(at.y - y) < 0.01
export const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b)

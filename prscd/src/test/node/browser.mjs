// Clients in headless Chromium, each in its own page: over WebTransport where the server speaks it, else after downgrade.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const served = {
  '/': ['text/html', async () => '<!doctype html><meta charset="utf-8"><title>prscd test</title>'],
  '/original.js': ['text/javascript', () => readFile(fileURLToPath(import.meta.resolve('@yomo/presence')))],
  '/own.js': ['text/javascript', () => readFile(new URL('./presence.js', import.meta.url))],
  '/client.mjs': ['text/javascript', () => readFile(new URL('./client.mjs', import.meta.url))],
}

export const start = async (emit, [executablePath, profile, spki, ports]) => {
  const server = createServer(async (request, response) => {
    const [type, content] = served[request.url] ?? []
    response.writeHead(type ? 200 : 404, { 'content-type': type ?? 'text/plain' }).end(type ? await content() : '')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      `--ignore-certificate-errors-spki-list=${spki}`,
      `--origin-to-force-quic-on=${ports.split(',').map((port) => `localhost:${port}`).join(',')}`,
    ],
  })
  const pages = new Map()
  const page = async (name) => {
    if (!pages.has(name)) {
      const opened = await browser.newPage()
      await opened.exposeFunction('emitToTest', emit)
      await opened.goto(`http://localhost:${server.address().port}/`)
      await opened.evaluate(async () => {
        window.sockets = { transports: 0, webSockets: 0 }
        // Only counts: the client's own choice is what is tested.
        window.WebTransport = class extends window.WebTransport {
          constructor(...args) {
            super(...args)
            window.session = this
            this.ready.then(() => window.sockets.transports++, () => {})
          }
        }
        window.WebSocket = class extends window.WebSocket {
          constructor(...args) {
            super(...args)
            this.addEventListener('open', () => window.sockets.webSockets++)
          }
        }
        const { createPresence: original } = await import('/original.js')
        const { createPresence: own } = await import('/own.js')
        const { clients } = await import('/client.mjs')
        window.run = clients({ original, own }, (line) => window.emitToTest(line))
      })
      pages.set(name, opened)
    }
    return pages.get(name)
  }
  return {
    run: async (command) => {
      const opened = await page(command.client)
      switch (command.do) {
        case 'close':
          pages.delete(command.client)
          return opened.close({ runBeforeUnload: command.politely ?? false })
        case 'end':
          return opened.evaluate(() => window.session.close({ closeCode: 7, reason: 'bye' }))
        case 'count':
          return opened.evaluate(() => window.sockets)
        case 'eval':
          return opened.evaluate(command.script)
        default:
          return opened.evaluate((it) => window.run(it), command)
      }
    },
    stop: async () => {
      await browser.close()
      server.close()
    },
  }
}

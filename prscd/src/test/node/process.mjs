// Clients in this process, over WebSocket: window.WebTransport is the client's own polyfill.
import WS from 'ws'
import { clients } from './client.mjs'

export const start = async (emit) => {
  const sockets = []
  globalThis.window = { addEventListener() {} }
  globalThis.WebSocket = class extends WS {
    constructor(url) {
      super(url, { rejectUnauthorized: false })
      sockets.push(this)
      this.on('message', (data, binary) => {
        this.received = (this.received ?? 0) + 1
        if (!binary) emit({ event: 'text' })
      })
      this.on('close', (code) => emit({ event: 'closed', id: new URL(url).searchParams.get('id'), code }))
      const send = this.send.bind(this)
      this.sent = 0
      this.send = (...args) => {
        this.sent++
        send(...args)
      }
    }
  }
  const { createPresence: original } = await import('@yomo/presence')
  const { createPresence: own } = await import('./presence.js')
  const run = clients({ original, own }, emit)
  const socketOf = (id) => sockets.findLast((socket) => new URL(socket.url).searchParams.get('id') === id)
  return {
    run: (command) => {
      switch (command.do) {
        // The socket of the client's id: cut as by a broken network, closed as by the polyfill, or counted.
        case 'cut':
          return socketOf(command.id).terminate()
        case 'close':
          return socketOf(command.id).close(command.code ?? 1000)
        case 'count':
          return { sent: socketOf(command.id).sent, received: socketOf(command.id).received ?? 0 }
        default:
          return run(command)
      }
    },
    stop: () => sockets.forEach((socket) => socket.terminate()),
  }
}

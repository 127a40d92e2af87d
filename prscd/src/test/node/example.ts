// Compiled by presence.test.mjs against presence.d.ts: what a page written for @yomo/presence says, and what is new.
import { createPresence, Presence } from './presence.js'
import type { Channel, ConnectionStatusObject, IChannel, IPresence, State, Unsubscribe } from './presence.js'

type Cursor = { x: number; y: number }

export async function original(): Promise<void> {
  const presence: IPresence = await createPresence('https://prscd.example.org/v1', {
    publicKey: 'pk',
    id: 'alice',
    autoDowngrade: true,
    debug: false,
  })
  presence.onReady((it: IPresence) => console.log(it.status))
  presence.on('closed', ({ status, code, details }: ConnectionStatusObject) => console.log(status, code, details))
  const channel: IChannel = await presence.joinChannel('room', { name: 'Alice', color: '#f00' })
  const off: Unsubscribe = channel.subscribePeers((peers: State[]) => peers.forEach((peer) => console.log(peer.id, peer.name)))
  channel.subscribe<Cursor>('cursor', ({ x, y }, { id }) => console.log(id, x.toFixed(), y.toFixed()))
  channel.broadcast<Cursor>('cursor', { x: 1, y: 2 })
  channel.on('join', () => console.log('again'))
  off()
  channel.leave()
  presence.leaveChannel('room')
}

export async function more(signal: AbortSignal): Promise<Channel> {
  const presence = new Presence(['https://a.example.org/v1', 'https://b.example.org/v1'], { publicKey: 'pk', reliable: true, signal })
  presence.onError((error) => console.log(error.message))
  const room = await (await presence.ready).joinChannel('room')
  room.setState({ typing: true })
  room.broadcast('move', { x: 1 }, { volatile: true })
  room.broadcast('ping')
  const names: string[] = room.peers.map((peer) => peer.name)
  console.log(presence.transport === 'webtransport', (presence.roundTrip ?? 0) + 1, presence.url?.length, names)
  // @ts-expect-error a status is one of three
  presence.on('opened', () => {})
  // @ts-expect-error nobody sets it
  presence.id = 'bob'
  // @ts-expect-error a key lets one in
  await createPresence('https://a.example.org/v1', {})
  return room
}

// What a test can do with one client, the original or our own; the same code in Node and in a page.
export const clients = ({ original, own }, emit) => {
  const all = new Map()
  const commands = {
    async open({ client, url, id, key, by = 'original', downgrade = true, ...options }) {
      const createPresence = by === 'own' ? own : original
      const presence = await createPresence(url, { id, publicKey: key, autoDowngrade: downgrade, ...options })
      for (const status of ['connecting', 'open', 'closed']) {
        presence.on(status, () => emit({ client, event: 'status', status }))
      }
      all.set(client, { presence, channels: new Map() })
    },
    // subscribeAfter: milliseconds between the join and the first subscription, as with an effect of a UI framework.
    async join({ client, channel, state, events = [], subscribeAfter = 0 }) {
      const { presence, channels } = all.get(client)
      const joined = await presence.joinChannel(channel, state)
      channels.set(channel, joined)
      const subscribe = () => {
        joined.subscribePeers((peers) => emit({ client, event: 'peers', channel, peers: structuredClone(peers) }))
        for (const name of events) {
          joined.subscribe(name, (data, peer) =>
            emit({ client, event: 'data', channel, name, data: data ?? null, from: peer.id ?? null }))
        }
      }
      if (subscribeAfter > 0) setTimeout(subscribe, subscribeAfter)
      else subscribe()
    },
    say({ client, channel, name, data, times = 1 }) {
      const joined = all.get(client).channels.get(channel)
      for (let i = 0; i < times; i++) joined.broadcast(name, times === 1 ? data : i)
    },
    leave({ client, channel }) {
      all.get(client).channels.get(channel).leave()
    },
    // What only our own client has.
    async joinMany({ client, prefix, count, state, events = [] }) {
      const names = Array.from({ length: count }, (_, i) => `${prefix}${i}`)
      await Promise.all(names.map((channel) => commands.join({ client, channel, state, events })))
    },
    state({ client, channel, state }) {
      all.get(client).channels.get(channel).setState(state)
    },
    look({ client, channel }) {
      const { presence, channels } = all.get(client)
      const { status, transport = '', roundTrip = -1, url = '' } = presence
      return { status, transport, roundTrip, url, peers: channels.get(channel)?.peers ?? [] }
    },
    leaveChannel({ client, channel }) {
      all.get(client).presence.leaveChannel(channel)
    },
    shut({ client }) {
      all.get(client).presence.close()
    },
  }
  return (command) => commands[command.do](command)
}

// The one place that knows which client drives the page: presence.js, or with ?client=yomo the original, if somebody serves
// it as /original.js. The original cannot change its state, keeps no channel through a reconnect, and measures nothing.

export const connect = async ({ url, id, certificateHash, original, onStatus }) => {
  const options = { publicKey: 'demo', id }
  if (original) return theOriginal(url, options, onStatus)
  const { Presence } = await import('/presence.js')
  const hashes = certificateHash ? [certificateHash] : undefined
  const presence = new Presence(url, { ...options, serverCertificateHashes: hashes })
  const tell = () => onStatus(presence.status, presence.transport)
  for (const status of ['connecting', 'open', 'closed']) presence.on(status, tell)
  tell()
  return {
    roundTrip: () => presence.roundTrip,
    /** The server of a demo has a new certificate after each start; the next attempt to connect knows it. */
    trust: (hash) => hash && hashes && !hashes.includes(hash) && hashes.push(hash),
    join: (name, state, wire) =>
      presence.joinChannel(name, state).then((channel) => {
        wire(channel)
        return channel
      }),
  }
}

const theOriginal = async (url, options, onStatus) => {
  const { createPresence } = await import('/original.js')
  onStatus('connecting')
  const presence = await createPresence(url, options)
  let rejoin = () => {}
  for (const status of ['connecting', 'open', 'closed']) presence.on(status, () => onStatus(status, 'the original client'))
  presence.on('open', () => rejoin())
  onStatus('open', 'the original client')
  return {
    roundTrip: () => undefined,
    trust() {},
    async join(name, state, wire) {
      let shown = state
      const it = {
        broadcast: (...words) => it.channel.broadcast(...words),
        leave: () => it.channel.leave(),
        setState(change) {
          shown = { ...shown, ...change }
          it.channel.broadcast('state', change)
        },
      }
      const join = async () => {
        it.channel = await presence.joinChannel(name, shown)
        wire(it.channel)
      }
      await join()
      rejoin = join
      return it
    },
  }
}

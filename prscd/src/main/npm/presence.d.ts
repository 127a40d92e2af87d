/** What can be JSON: `data` of a broadcast. */
export type JsonSerializable =
  | string
  | number
  | boolean
  | Date
  | null
  | undefined
  | JsonSerializable[]
  | { [key: string]: JsonSerializable }
  | { toJSON(): unknown }

/** What a peer shows of itself. The id is that of its connection; nobody can show another one. */
export interface State {
  readonly id: string
  [key: string]: any
}

/** What one gives for oneself; an `id` in it does not count. */
export type StateChange = { [key: string]: any }

export type ConnectionStatus = 'connecting' | 'open' | 'closed'

export interface ConnectionStatusObject {
  status: ConnectionStatus
  /** 0 connecting, 1 open, 2 closed. */
  code: 0 | 1 | 2
  details: string
}

/** Ends a subscription. May be called more than once. */
export type Unsubscribe = () => void

export interface PresenceOptions {
  /** Lets one in: a key of a realm of the server. */
  publicKey: string
  /** How others know this connection; by default a random one. */
  id?: string
  /** WebSocket only: nothing is lost on the way, and messages may be up to 64 KiB. Default: false. */
  reliable?: boolean
  /** Whether WebSocket is tried where WebTransport does not work. Default: true. */
  autoDowngrade?: boolean
  /** Closes it. */
  signal?: AbortSignal
  /** SHA-256 of certificates that no authority has signed, in hex or as WebTransport takes them. */
  serverCertificateHashes?: (string | { algorithm: 'sha-256'; value: BufferSource })[]
  /** Tells the console what happens to the connection. Default: false. */
  debug?: boolean
}

/** A handle of a channel. */
export interface Channel {
  readonly id: string
  /** Everybody else who is here; oneself is not among them. Peers that did not change are the same objects. */
  readonly peers: State[]
  /** What oneself shows. */
  readonly state: State
  /** Changes what others see of oneself: these keys, the others stay. */
  setState(state: StateChange): void
  /**
   * Sends to everybody else who is here. What is said while the connection is away waits for its return, the newest 64; with
   * `volatile` it is dropped then, and where the connection is too slow.
   * @throws RangeError above 64 KiB
   */
  broadcast<T>(event: string, data?: T, options?: { volatile?: boolean }): void
  /** Calls back with the data and its sender. */
  subscribe<T = any>(event: string, callback: (data: T, peer: State) => void): Unsubscribe
  /** Calls back with everybody else who is here, now and after each change. */
  subscribePeers(callback: (peers: State[]) => void): Unsubscribe
  /** Calls back each time the channel has been joined again after a loss. */
  on(event: 'join', callback: () => void): Unsubscribe
  /** Ends the subscriptions of this handle; with the last handle of a channel others see us leave. */
  leave(): void
}

/** One connection to a server, and the channels on it. It connects when it is made and comes back until it is closed. */
export class Presence {
  /**
   * @param url `https://HOST/v1`, or several that are tried in turn; `http://` for a server without TLS
   * @throws TypeError if the url or the options cannot be
   */
  constructor(url: string | string[], options: PresenceOptions)
  readonly id: string
  readonly status: ConnectionStatus
  /** While it is open. */
  readonly transport: 'webtransport' | 'websocket' | undefined
  /** The endpoint it is connected to, while it is open. */
  readonly url: string | undefined
  /** Milliseconds to the server and back, measured every five seconds while it is in a channel. */
  readonly roundTrip: number | undefined
  /** Resolves when it is connected for the first time; rejects if it is closed before. */
  readonly ready: Promise<Presence>
  /**
   * Resolves when the server has let us in, which it may do only after a connection comes back. For the same channel again it
   * gives another handle. Rejects when a connected server has not answered for ten seconds: that is how it refuses.
   * @throws RangeError if the state is above 64 KiB
   */
  joinChannel(name: string, state?: StateChange): Promise<Channel>
  /** Leaves with every handle of that channel. */
  leaveChannel(name: string): void
  /** Calls back whenever the status becomes this one. */
  on(status: ConnectionStatus, callback: (status: ConnectionStatusObject) => void): Unsubscribe
  /** Calls back each time it is connected, at once if it is now. */
  onReady(callback: (presence: Presence) => void): Unsubscribe
  /** Calls back with each attempt to connect that failed. */
  onError(callback: (error: Error) => void): Unsubscribe
  /** Calls back when it is closed for good. */
  onClosed(callback: () => void): Unsubscribe
  /** Leaves all channels and does not come back. */
  close(): void
}

/** Resolves with a connected presence. Rejects for wrong arguments, and if it is aborted before. */
export function createPresence(url: string | string[], options: PresenceOptions): Promise<Presence>

/** The names that @yomo/presence gives them. */
export type IPresence = Presence
export type IChannel = Channel

import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** How a dependency behaves, as seen by whoever is connected to it. */
export type Behaviour =
  | { kind: 'pass' }
  /** The port is closed and every connection reset. */
  | { kind: 'refuse' }
  /** Packets get lost both ways: connections are accepted and nothing moves on them, nor on those from before. */
  | { kind: 'silent' }
  /** Every answer comes that much later. */
  | { kind: 'slow'; delayMs: number }
  /** Whatever is asked is answered with bytes of another protocol. */
  | { kind: 'garbage' }

const GARBAGE = 'SSH-2.0-OpenSSH_9.2\r\n<html><title>502 Bad Gateway</title>\r\n\r\n'
const REOPEN_MS = 5_000

/** One connection of a client, and ours to the dependency on its behalf. */
interface Pair {
  client: Socket
  /** Not yet made for a client that came during a silence. */
  upstream: Socket | undefined
  isSpoilt: boolean
}

/** Stands between Twig and a dependency on a port of its own, and behaves as told. */
export class FaultProxy {
  #behaviour: Behaviour = { kind: 'pass' }
  #server: Server | undefined
  readonly #pairs = new Set<Pair>()

  private constructor(
    readonly port: number,
    /** The port of the dependency, which may change when it restarts. */
    public target: number,
  ) {}

  /** Starts one before the dependency on the given loopback port. */
  static async start(target: number): Promise<FaultProxy> {
    // Below the range of which systems take ports by themselves: nobody gets it while it is closed.
    for (let attempt = 1; ; attempt++) {
      const proxy = new FaultProxy(randomInt(20_000, 30_000), target)
      try {
        await proxy.#open()
        return proxy
      } catch (error) {
        if (attempt === 20) throw error
      }
    }
  }

  /** Behaves so from now on. What a silence held back arrives when it is over. */
  async behave(behaviour: Behaviour): Promise<void> {
    const before = this.#behaviour
    this.#behaviour = behaviour
    if (behaviour.kind === 'refuse') return this.#shut()
    if (before.kind === 'refuse') await this.#reopen()
    for (const pair of [...this.#pairs]) {
      if (pair.isSpoilt) cut(pair)
      else if (behaviour.kind === 'silent') for (const socket of bothOf(pair)) socket.pause()
      else if (before.kind === 'silent') this.#resume(pair)
    }
  }

  /** Resets every connection there is. */
  drop(): void {
    for (const pair of [...this.#pairs]) cut(pair)
  }

  async close(): Promise<void> {
    await this.#shut()
  }

  async #open(): Promise<void> {
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => this.#accept(client))
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
  }

  async #reopen(): Promise<void> {
    const deadline = Date.now() + REOPEN_MS
    while (!this.#server) {
      await this.#open().catch(async (error: unknown) => {
        if (Date.now() > deadline) throw error
        await sleep(50)
      })
    }
  }

  async #shut(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise((resolve) => server.close(resolve))
    this.drop()
    await closed
  }

  #accept(client: Socket): void {
    const pair: Pair = { client, upstream: undefined, isSpoilt: false }
    this.#pairs.add(pair)
    client.on('error', () => cut(pair))
    client.on('close', () => {
      this.#pairs.delete(pair)
      pair.upstream?.end()
    })
    client.on('data', (chunk) => {
      if (this.#behaviour.kind !== 'garbage') return void pair.upstream?.write(chunk)
      pair.isSpoilt = true
      client.write(GARBAGE)
    })
    if (this.#behaviour.kind !== 'silent') this.#resume(pair)
  }

  #resume(pair: Pair): void {
    pair.upstream ??= this.#reach(pair)
    for (const socket of bothOf(pair)) socket.resume()
  }

  #reach(pair: Pair): Socket {
    const { client } = pair
    const upstream = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    let last = Promise.resolve()
    const inTurn = (send: () => void) => {
      const { kind } = this.#behaviour
      const delayMs = kind === 'slow' ? this.#behaviour.delayMs : 0
      const due = delayMs > 0 ? sleep(delayMs) : Promise.resolve()
      last = Promise.all([last, due]).then(send)
    }
    upstream.on('data', (chunk) => {
      if (!pair.isSpoilt) inTurn(() => void client.write(chunk))
    })
    upstream.on('end', () => inTurn(() => void client.end()))
    upstream.on('error', () => cut(pair))
    return upstream
  }
}

function bothOf({ client, upstream }: Pair): Socket[] {
  return upstream ? [client, upstream] : [client]
}

function cut({ client, upstream }: Pair): void {
  client.resetAndDestroy()
  upstream?.destroy()
}

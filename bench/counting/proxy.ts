import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

interface ProxyOptions {
  /** Where everything is passed on to. */
  target: { host: string; port: number }
  /** Called for each connection; what it returns is shown all that the client sends. */
  onConnection: () => (chunk: Buffer) => void
}

export interface Proxy {
  port: number
  /** Keeps back what clients send until `release`. */
  hold: () => void
  release: () => void
  close: () => Promise<void>
}

/** Stands on a loopback port of its own between a client and a server, and listens to what the client says. */
export async function startProxy({ target, onConnection }: ProxyOptions): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const kept: (() => void)[] = []
  let isHolding = false

  function keep(socket: Socket, other: Socket): void {
    sockets.add(socket)
    socket.on('error', () => other.destroy())
    socket.once('close', () => {
      sockets.delete(socket)
      other.destroy()
    })
  }

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...target, noDelay: true })
    const listen = onConnection()
    keep(client, upstream)
    keep(upstream, client)
    client.on('data', (chunk: Buffer) => {
      listen(chunk)
      if (isHolding) kept.push(() => upstream.write(chunk))
      else upstream.write(chunk)
    })
    upstream.on('data', (chunk: Buffer) => client.write(chunk))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const release = () => {
    isHolding = false
    for (const pass of kept.splice(0)) pass()
  }
  return {
    port: (server.address() as AddressInfo).port,
    hold: () => {
      isHolding = true
    },
    release,
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

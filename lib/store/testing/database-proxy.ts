import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** ReadyForQuery: its type, its length and the state of the transaction. */
const READY = 'Z'.charCodeAt(0)
const READY_BYTES = 6

/** A way to Postgres that can be closed, fall silent, or lose the answer to a commit. */
export interface DatabaseProxy {
  url: string
  /** Refuses connections and cuts those there are. */
  close: () => Promise<void>
  open: () => Promise<void>
  /** Passes on what is asked and nothing of what is answered. */
  isSilent: boolean
  /** Keeps answers back until it says otherwise: a network that stalls and goes on. */
  hold: (isHolding: boolean) => void
  /** Says what went wrong and never that the next may come; hears nothing more either. */
  losesReady: boolean
  /** The commit happens and its answer never comes. */
  losesCommits: boolean
}

/** Stands between a test and its database; `close` ends it. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let held: Array<() => void> | undefined
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const database = connect(Number(target.port), target.hostname)
    let isMute = false
    let isCut = false
    for (const socket of [client, database]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        database.destroy()
      })
    }
    client.on('end', () => {
      if (!isCut) client.end()
    })
    client.on('data', (chunk) => {
      if (proxy.losesCommits && chunk.includes('COMMIT')) isMute = true
      if (!isCut) database.write(chunk)
    })
    database.on('data', (chunk) => {
      if (isMute || proxy.isSilent) return
      if (proxy.losesReady && chunk.at(-READY_BYTES) === READY) {
        client.write(chunk.subarray(0, -READY_BYTES))
        isMute = true
        isCut = true
      } else if (held) held.push(() => client.write(chunk))
      else client.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  const proxy: DatabaseProxy = {
    url: url.href,
    isSilent: false,
    losesReady: false,
    losesCommits: false,
    hold: (isHolding) => {
      const late = held ?? []
      held = isHolding ? late : undefined
      if (!isHolding) for (const write of late) write()
    },
    close: async () => {
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
    open: async () => {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
  }
  return proxy
}

import { type ChildProcess, fork } from 'node:child_process'
import type { Server } from 'node:http'
import { type Socket, Server as SocketServer } from 'node:net'

/** Handles beside the first that accept: libuv takes one connection for each of them in a turn of the loop. */
const FURTHER_HANDLES = 7
/** New connections whose first request is read in one turn of the loop. */
export const FIRST_REQUESTS_A_TURN = 12

/** What Node keeps of a server, and tells nobody of. */
interface Inner {
  allowHalfOpen: boolean
  noDelay: boolean
  _handle: { close(): void }
}

function forkHelper(): ChildProcess | undefined {
  const script = new URL('./handle-copies.mjs', import.meta.url)
  try {
    const child = fork(script, { execArgv: [], env: { NODE_ENV: 'production' }, stdio: 'ignore' })
    child.on('error', () => {})
    return child
  } catch {
    return undefined
  }
}

/**
 * Lets copies of a server's handle accept beside it, so that of many who connect at once not each needs a turn of the loop.
 * Where no copies can be made, for want of memory, files or leave, it goes on with the one.
 * @param server one that listens
 * @param backlog the socket's, which each of them sets anew
 * @returns the function that ends them; it waits until their connections are closed
 */
export function acceptMany(server: Server, backlog: number): () => Promise<void> {
  const child = forkHelper()
  if (!child?.channel) return async () => {}
  const { allowHalfOpen, noDelay, _handle } = server as unknown as Inner
  const further: SocketServer[] = []
  let isClosing = false
  // Until then it has a copy of the handle as well.
  const childGone = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  child.on('message', (_copy, handle) => {
    const copy = handle as unknown as Inner['_handle'] | undefined
    if (isClosing || !copy) return void copy?.close()
    const one = new SocketServer({ allowHalfOpen, noDelay })
    one.on('error', () => {})
    one.on('connection', (socket) => server.emit('connection', socket))
    one.listen(copy, backlog)
    further.push(one)
    if (further.length === FURTHER_HANDLES) child.disconnect()
  })
  child.send(FURTHER_HANDLES, _handle as unknown as SocketServer)
  return async () => {
    isClosing = true
    // It has nothing to lose, and to disconnect from it while it answers fails an assertion of Node's own.
    child.kill('SIGKILL')
    const closed = further.map((one) => new Promise((resolve) => one.close(resolve)))
    await Promise.all([childGone, ...closed])
  }
}

/**
 * Reads the first requests of many new connections over several turns of the loop: a thousand that become readable at
 * once would hold up what comes on all others. Nobody is kept out, also not by those who never ask for anything.
 * @returns what is to be told of each request's socket
 */
export function paceNewcomers(server: Server): (socket: Socket) => void {
  /** Connected, and nothing asked for yet. */
  const silent = new Set<Socket>()
  const held = new Set<Socket>()
  /** Read in this turn, whatever comes: held again before they were, they would lose their place. */
  const released = new Set<Socket>()
  let asked = 0
  let isReleasing = false
  function releaseSome(): void {
    for (const socket of released) silent.add(socket)
    released.clear()
    for (const socket of held) {
      if (released.size === FIRST_REQUESTS_A_TURN) break
      held.delete(socket)
      released.add(socket)
      socket.resume()
    }
    isReleasing = released.size > 0
    if (isReleasing) setImmediate(releaseSome)
  }
  function hold(): void {
    for (const socket of silent) {
      socket.pause()
      held.add(socket)
    }
    silent.clear()
    if (isReleasing) return
    isReleasing = true
    setImmediate(releaseSome)
  }
  server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => {
      for (const group of [silent, held, released]) group.delete(socket)
    })
  })
  return (socket) => {
    if (!silent.delete(socket) && !released.delete(socket)) return
    if (asked === 0) {
      setImmediate(() => {
        asked = 0
      })
    }
    asked += 1
    if (asked === FIRST_REQUESTS_A_TURN) hold()
  }
}

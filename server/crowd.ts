import { fork } from 'node:child_process'
import type { Server } from 'node:http'
import { type Socket, Server as SocketServer } from 'node:net'

/** Handles beside the first that accept: libuv takes one connection for each of them in a turn of the loop. */
const FURTHER_HANDLES = 7
/** New connections whose first request is read in one turn of the loop. */
export const FIRST_REQUESTS_A_TURN = 12

/**
 * Lets copies of a server's handle accept beside it, so that of many who connect at once not each needs a turn of the loop.
 * Where no copies can be made it goes on with the one.
 * @param server one that listens
 * @param backlog the socket's, which each of them sets anew
 * @returns the function that ends them; it waits until their connections are closed
 */
export function acceptMany(server: Server, backlog: number): () => Promise<void> {
  const { _handle } = server as unknown as { _handle: SocketServer }
  const further: SocketServer[] = []
  let isClosing = false
  const script = new URL('./handle-copies.mjs', import.meta.url)
  const child = fork(script, { execArgv: [], env: { NODE_ENV: 'production' }, stdio: 'ignore' })
  // Until then it has a copy of the handle as well.
  const childGone = new Promise((resolve) => child.once('exit', resolve).on('error', resolve))
  child.on('message', (_copy, handle) => {
    if (isClosing || !handle) return
    const one = new SocketServer({ allowHalfOpen: true, noDelay: true })
    one.on('connection', (socket) => server.emit('connection', socket))
    one.listen(handle, backlog)
    further.push(one)
    if (further.length === FURTHER_HANDLES) child.disconnect()
  })
  child.send(FURTHER_HANDLES, _handle)
  return async () => {
    isClosing = true
    if (child.connected) child.disconnect()
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
  let asked = 0
  function releaseSome(): void {
    let left = FIRST_REQUESTS_A_TURN
    for (const socket of held) {
      if (left === 0) return void setImmediate(releaseSome)
      left -= 1
      held.delete(socket)
      silent.add(socket)
      socket.resume()
    }
  }
  function hold(): void {
    if (held.size === 0) setImmediate(releaseSome)
    for (const socket of silent) {
      socket.pause()
      held.add(socket)
    }
    silent.clear()
  }
  server.on('connection', (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => {
      silent.delete(socket)
      held.delete(socket)
    })
  })
  return (socket) => {
    if (!silent.delete(socket)) return
    if (asked === 0) {
      setImmediate(() => {
        asked = 0
      })
    }
    asked += 1
    if (asked === FIRST_REQUESTS_A_TURN) hold()
  }
}

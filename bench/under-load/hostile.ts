import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../figures/figure'
import { readable } from '../table'
import type { Place } from './command'
import { pulseAlone, pulseWhile, whileWatching } from './watch'

const SLOW = 1_000
const SLOW_MS = 20_000
const BIG = 50
const BIG_BYTES = 64 * 2 ** 20
const PIECE = Buffer.alloc(64 * 1024, 0x61)

function dial(url: string): Socket {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) })
  socket.on('error', () => {})
  socket.resume()
  return socket
}

/** A thousand connections that send a header a byte at a time, and never its end. */
async function slowly(url: string): Promise<{ ended: number }> {
  const sockets = Array.from({ length: SLOW }, () => dial(url))
  const head = Buffer.from(`POST /api/v1/query HTTP/1.1\r\nHost: twig\r\nX-Slow: ${'a'.repeat(1_000)}`)
  const endMs = performance.now() + SLOW_MS
  for (let at = 0; at < head.length && performance.now() < endMs; at++) {
    for (const socket of sockets) if (socket.writable) socket.write(head.subarray(at, at + 1))
    await sleep(1_000)
  }
  const ended = sockets.filter((socket) => socket.destroyed || socket.readableEnded).length
  for (const socket of sockets) socket.destroy()
  return { ended }
}

/** Sends a body that is far too large, as fast as it is taken; says how much was, in bytes. */
async function sendBig(url: string, key: string): Promise<number> {
  const socket = dial(url)
  const type = 'Content-Type: application/json'
  const lines = ['POST /api/v1/query HTTP/1.1', 'Host: twig', `Authorization: Bearer ${key}`, type]
  socket.write([...lines, `Content-Length: ${BIG_BYTES}`, '', ''].join('\r\n'))
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  let sent = 0
  while (sent < BIG_BYTES && socket.writable) {
    sent += PIECE.length
    if (!socket.write(PIECE)) await Promise.race([once(socket, 'drain').catch(() => {}), gone])
  }
  const taken = socket.bytesWritten
  socket.destroy()
  return taken
}

/** Clients that dawdle, and bodies of 64 MiB, while a program calls the API. */
export async function measureHostile(place: Place): Promise<Figure> {
  const { url, pid, key, say } = place
  const idle = await pulseAlone(place)
  say(`${SLOW} slow clients …`)
  const slow = await whileWatching(pid, () => pulseWhile(place, () => slowly(url)))
  say(`${BIG} bodies of 64 MiB …`)
  const big = await whileWatching(pid, () =>
    pulseWhile(place, () => Promise.all(Array.from({ length: BIG }, () => sendBig(url, key)))),
  )
  const rows = [
    { name: `${SLOW} slow clients`, during: slow.result.pulses.kept, mostMiB: slow.mostMiB },
    { name: `${BIG} bodies of 64 MiB at once`, during: big.result.pulses.kept, mostMiB: big.mostMiB },
  ].map(({ name, during: { p50, p99 }, mostMiB }) => {
    const figure = `A cached key beside ${name}`
    const against = `idle ${readable(idle.kept.p99)}; at most ${readable(mostMiB)} MiB`
    return { figure, redis: place.redisKind, value: `${readable(p99)} ms`, p50, p99, against }
  })
  return { rows, raw: { idle, slow, big } }
}

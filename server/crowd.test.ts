import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { acceptMany, FIRST_REQUESTS_A_TURN, paceNewcomers } from './crowd'
import { type Listening, listen } from './http'

const BACKLOG = 128
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function serving(answer = 'ok') {
  const server = createServer((_request, response) => void response.end(answer))
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG })
  await once(server, 'listening')
  endings.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return { server, port: (server.address() as AddressInfo).port }
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  endings.push(() => socket.destroy())
  return socket
}

/** Counts how often something happens in one turn of the loop, at most. */
function mostInATurn(): { note: () => void; most: () => number; all: () => number } {
  let most = 0
  let all = 0
  let now = 0
  const note = () => {
    if (now === 0) {
      setImmediate(() => {
        now = 0
      })
    }
    now += 1
    all += 1
    most = Math.max(most, now)
  }
  return { note, most: () => most, all: () => all }
}

function counting(server: Server, event: 'connection' | 'request') {
  const count = mostInATurn()
  server.on(event, count.note)
  return count
}

describe('accepting', () => {
  test('of those who connect at once several are accepted in a turn, and all are answered', async () => {
    const { server, port } = await serving()
    endings.push(acceptMany(server, BACKLOG))
    await vi.waitFor(
      async () => {
        const count = counting(server, 'connection')
        const sockets = Array.from({ length: 40 }, () => open(port))
        await vi.waitFor(() => expect(count.all()).toBe(sockets.length))
        const answers = sockets.map(async (socket) => {
          socket.write(REQUEST)
          return String((await once(socket, 'data'))[0])
        })
        for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /)
        expect(count.most()).toBe(8)
      },
      { timeout: 10_000 },
    )
  })

  test('what others accept is ended with them, when its connections have closed', async () => {
    const { server, port } = await serving()
    const end = acceptMany(server, BACKLOG)
    const sockets: Socket[] = []
    await vi.waitFor(
      async () => {
        const count = counting(server, 'connection')
        const some = Array.from({ length: 40 }, () => open(port))
        sockets.push(...some)
        await vi.waitFor(() => expect(count.all()).toBe(some.length))
        expect(count.most()).toBe(8)
      },
      { timeout: 10_000 },
    )
    const order: string[] = []
    const ended = end().then(() => order.push('ended'))
    const accepting = counting(server, 'connection')
    for (let count = 1; count <= 20; count++) {
      sockets.push(open(port))
      await vi.waitFor(() => expect(accepting.all()).toBe(count))
    }
    order.push('closing')
    for (const socket of sockets) socket.destroy()
    await ended
    expect(order).toEqual(['closing', 'ended'])
  })

  test.each(['', '/no/such/program'])(
    'a server goes on, and ends, where no helper can be started: %j',
    async (program) => {
      const { server, port } = await serving()
      const { execPath } = process
      process.execPath = program
      const end = acceptMany(server, BACKLOG)
      process.execPath = execPath
      const socket = open(port)
      socket.write(REQUEST)
      expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /)
      await end()
    },
  )

  test('a server may be closed while the helper answers, by a process that is busy', async () => {
    const { server, port } = await serving()
    const end = acceptMany(server, BACKLOG)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const ended = end()
    for (const untilMs = performance.now() + 300; performance.now() < untilMs; );
    await ended
    server.close()
    const [error] = await once(open(port), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a server that takes crowds closes when all of its connections have, and accepts nothing more', async () => {
    let listening: Listening | undefined = await listen({
      handler: (_request, response) => response.end('ok'),
      port: 0,
      host: '127.0.0.1',
      takesCrowds: true,
    })
    const { port } = listening
    const sockets = Array.from({ length: 40 }, () => open(port))
    for (const socket of sockets) {
      socket.write(REQUEST)
      await once(socket, 'data')
    }
    const ended = sockets.map((socket) => once(socket, 'close'))
    await listening.close(10_000)
    listening = undefined
    await Promise.all(ended)
    const [error] = await once(open(port), 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('first requests', () => {
  async function paced() {
    const place = await serving()
    const note = paceNewcomers(place.server)
    place.server.on('request', ({ socket }) => note(socket))
    return { ...place, requests: counting(place.server, 'request') }
  }

  async function connected(server: Server, port: number, count: number): Promise<Socket[]> {
    const accepted = counting(server, 'connection')
    const sockets = Array.from({ length: count }, () => open(port))
    await vi.waitFor(() => expect(accepted.all()).toBe(count))
    return sockets
  }

  test('a crowd that has connected and asks at once is read over several turns, beside those who never ask', async () => {
    const { server, port, requests } = await paced()
    const sockets = await connected(server, port, 100)
    const asking = sockets.filter((_, index) => index % 2 === 0)
    const answers = asking.map((socket) => once(socket, 'data'))
    for (const socket of asking) socket.write(REQUEST)
    await Promise.all(answers)
    expect(requests.all()).toBe(50)
    const late = sockets.filter((socket) => !asking.includes(socket))
    const lateAnswers = late.map((socket) => once(socket, 'data'))
    for (const socket of late) socket.write(REQUEST)
    await Promise.all(lateAnswers)
    expect(requests.all()).toBe(100)
    expect(requests.most()).toBe(FIRST_REQUESTS_A_TURN)
  })

  test('of those who wait the first come first, whoever never asks and whoever comes later', async () => {
    const { server, port, requests } = await paced()
    const silent = await connected(server, port, 60)
    const asking = await connected(server, port, 30)
    const later = await connected(server, port, 30)
    const order: Socket[] = []
    for (const socket of [...asking, ...later]) socket.once('data', () => order.push(socket))
    const all = [...asking, ...later].map((socket) => once(socket, 'data'))
    for (const socket of [...asking, ...later]) socket.write(REQUEST)
    await Promise.all(all)
    expect(requests.all()).toBe(60)
    expect(order.slice(0, 12)).toEqual(asking.slice(0, 12))
    expect(new Set(order.slice(0, asking.length))).toEqual(new Set(asking))
    expect(silent.every((socket) => !socket.destroyed)).toBe(true)
  })

  test('whoever has asked before is read at once, and some newcomers beside them', async () => {
    const { server, port, requests } = await paced()
    const sockets = await connected(server, port, 40)
    for (const socket of sockets) {
      socket.write(REQUEST)
      await once(socket, 'data')
      await nextTurn()
    }
    expect(requests.most()).toBe(1)
    sockets.push(...(await connected(server, port, 5)))
    const answers = sockets.map((socket) => once(socket, 'data'))
    for (const socket of sockets) socket.write(REQUEST)
    await Promise.all(answers)
    expect(requests.most()).toBe(45)
  })

  test('who has left while waiting is forgotten', async () => {
    const { server, port, requests } = await paced()
    const sockets = await connected(server, port, 60)
    for (const socket of sockets.slice(0, FIRST_REQUESTS_A_TURN)) socket.write(REQUEST)
    for (const socket of sockets.slice(FIRST_REQUESTS_A_TURN, 50)) socket.destroy()
    const last = sockets.slice(50)
    const answers = last.map((socket) => once(socket, 'data'))
    for (const socket of last) socket.write(REQUEST)
    await Promise.all(answers)
    expect(requests.all()).toBe(FIRST_REQUESTS_A_TURN + last.length)
  })
})

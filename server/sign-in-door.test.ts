import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newId } from '../lib/core/ids'
import { PASS_HEADER, signPass } from '../lib/edge/pass'
import { openWorld } from '../lib/edge/testing/world'
import { type Listening, listen } from './http'
import { createRequestHandler, type RequestHandlerOptions } from './request'
import { SIGN_INS_AT_ONCE, SIGN_INS_OF_A_NETWORK, signInDoor, turningAway } from './sign-in-door'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A sign-in whose form has not come yet. */
function signIn(from = '', url = '/api/auth/callback/credentials?json=true') {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'POST', url, complete: false, headers: { from } })
  const response = new ServerResponse(request)
  response.assignSocket(request.socket)
  return { request, response }
}

/** Says whether there is room; `inside` are those who came in, in that order. */
function openDoor(onCrowd?: () => void) {
  const admits = signInDoor({ networkOf: ({ headers }) => String(headers.from), onCrowd })
  const inside: ReturnType<typeof signIn>[] = []
  const hasRoom = (one: ReturnType<typeof signIn>) => {
    const letIn = admits(one.request, one.response)
    letIn?.(() => inside.push(one))
    return letIn !== undefined
  }
  return Object.assign(hasRoom, { inside })
}

/** Comes from as many networks as it must. */
function crowd(hasRoom: ReturnType<typeof openDoor>): ReturnType<typeof signIn>[] {
  const all = Array.from({ length: SIGN_INS_AT_ONCE }, (_, index) =>
    signIn(`crowd ${Math.floor(index / SIGN_INS_OF_A_NETWORK)}`),
  )
  for (const one of all) {
    expect(hasRoom(one)).toBe(true)
    one.request.complete = true
  }
  return all
}

test('so many sign-ins are let in at once and no more, until one of them is answered', () => {
  const hasRoom = openDoor()
  const [first] = crowd(hasRoom)
  const next = signIn('elsewhere')
  expect(hasRoom(next)).toBe(false)
  first?.response.emit('close')
  expect(hasRoom(next)).toBe(true)
})

test('one network takes its share and no more; there is room for all others', () => {
  const hasRoom = openDoor()
  const own = Array.from({ length: SIGN_INS_OF_A_NETWORK }, () => signIn('here'))
  expect(own.map(hasRoom)).toEqual(own.map(() => true))
  const next = signIn('here')
  expect(hasRoom(next)).toBe(false)
  expect(hasRoom(signIn('elsewhere'))).toBe(true)
  own[0]?.response.emit('close')
  expect(hasRoom(next)).toBe(true)
})

test('those who come at once come in one after the other, whoever comes alone at once', () => {
  const hasRoom = openDoor()
  const all = crowd(hasRoom)
  for (let count = 1; count <= all.length; count++) {
    expect(hasRoom.inside).toEqual(all.slice(0, count))
    vi.advanceTimersByTime(25)
  }
  for (const one of all) one.response.emit('close')
  expect(hasRoom(signIn('alone'))).toBe(true)
  vi.advanceTimersByTime(25)
  expect(hasRoom(signIn('alone'))).toBe(true)
  expect(hasRoom.inside).toHaveLength(all.length + 2)
})

test('whoever leaves while waiting does not come in, and nobody waits for them', () => {
  const hasRoom = openDoor()
  expect(hasRoom(signIn('first'))).toBe(true)
  for (let round = 0; round < 1_000; round++) {
    const leaving = signIn('leaves')
    expect(hasRoom(leaving)).toBe(true)
    leaving.response.emit('close')
  }
  const last = signIn('last')
  expect(hasRoom(last)).toBe(true)
  expect(hasRoom.inside).toHaveLength(1)
  vi.advanceTimersByTime(25)
  expect(hasRoom.inside).toEqual([expect.anything(), last])
})

test('whatever else is asked for has room beside a crowd, and does not wait', () => {
  const hasRoom = openDoor()
  crowd(hasRoom)
  const page = signIn('elsewhere', '/reset')
  const list = signIn('elsewhere')
  list.request.method = 'GET'
  expect([page, list].map(hasRoom)).toEqual([true, true])
  expect(hasRoom.inside.slice(-2)).toEqual([page, list])
})

test('whoever sends the form slowly keeps nobody out; whoever has sent it is counted until the answer', () => {
  const hasRoom = openDoor()
  const [slow] = crowd(hasRoom)
  if (slow) slow.request.complete = false
  vi.advanceTimersByTime(3_000)
  expect(hasRoom(signIn('elsewhere'))).toBe(true)
  expect(hasRoom(signIn('elsewhere'))).toBe(false)
})

test('a crowd is told of once in ten seconds', () => {
  const onCrowd = vi.fn()
  const hasRoom = openDoor(onCrowd)
  crowd(hasRoom)
  expect(onCrowd).not.toHaveBeenCalled()
  expect(hasRoom(signIn())).toBe(false)
  expect(hasRoom(signIn())).toBe(false)
  expect(onCrowd).toHaveBeenCalledTimes(1)
})

test('those turned away are answered some in each turn of the loop, in their order; who has left is not', async () => {
  vi.useRealTimers()
  const answered: ServerResponse[] = []
  const turnedAway = turningAway((_request, response) => answered.push(response))
  const all = Array.from({ length: 30 }, () => signIn())
  for (const { request, response } of all) turnedAway(request, response)
  all[3]?.response.destroy()
  const expected = all.flatMap(({ response }, index) => (index === 3 ? [] : response))
  const counts: number[] = []
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn()
    counts.push(answered.length)
  }
  expect(counts).toEqual([11, 23, 29, 29])
  expect(answered).toEqual(expected)
  const late = signIn()
  turnedAway(late.request, late.response)
  await nextTurn()
  expect(answered.at(-1)).toBe(late.response)
})

test('who is turned away and asks for leave to send is answered at once', () => {
  const answered: ServerResponse[] = []
  const turnedAway = turningAway((_request, response) => answered.push(response))
  const [first, asking] = [signIn(), signIn()]
  asking.request.headers.expect = '100-continue'
  for (const { request, response } of [first, asking]) turnedAway(request, response)
  expect(answered).toEqual([asking.response])
})

describe('over HTTP', () => {
  const PATH = '/api/auth/callback/credentials'
  const inside: ServerResponse[] = []
  let open: Listening | undefined
  beforeEach(() => void vi.useRealTimers())
  afterEach(async () => {
    for (const response of inside.splice(0)) response.end('in')
    await open?.close(0)
  })

  async function start(options: Pick<RequestHandlerOptions, 'env' | 'gate'>) {
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      request.method === 'POST' ? inside.push(response) : response.end('ok')
    open = await listen({ handler: createRequestHandler({ ...options, handle }), port: 0 })
    const url = `http://127.0.0.1:${open.port}`
    const signIn = (headers: Record<string, string>) =>
      fetch(url + PATH, { method: 'POST', body: '', headers })
    return {
      url,
      signIn,
      /** Takes a network's share; resolves when all of it is inside. */
      async fill(headers: Record<string, string>) {
        const expected = inside.length + SIGN_INS_OF_A_NETWORK
        const all = Array.from({ length: SIGN_INS_OF_A_NETWORK }, () => signIn(headers))
        await vi.waitFor(() => expect(inside).toHaveLength(expected))
        return all
      },
      /** Comes in beside what is there. */
      async enters(headers: Record<string, string>) {
        const before = inside.length
        void signIn(headers).catch(() => {})
        await vi.waitFor(() => expect(inside).toHaveLength(before + 1))
      },
    }
  }

  const env = { appUrl: 'http://localhost:3000', trustedProxyHops: 1 }
  const from = (address: string) => ({ 'X-Forwarded-For': address })

  test('a crowd is let in up to a number and then told when to come again; other requests pass', async () => {
    const { url, signIn, fill } = await start({ env })
    const crowd: Promise<Response>[] = []
    for (let at = 0; at < SIGN_INS_AT_ONCE / SIGN_INS_OF_A_NETWORK; at++) {
      crowd.push(...(await fill(from(`192.0.2.${at}`))))
    }
    const refused = await signIn(from('203.0.113.9'))
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    const said = await refused.json()
    expect(said).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
    expect(said.request_id).toBe(refused.headers.get('x-request-id'))
    expect((await fetch(`${url}/login`)).status).toBe(200)
    for (const response of inside) response.end('in')
    expect((await Promise.all(crowd)).map(({ status }) => status)).toEqual(crowd.map(() => 200))
  })

  test('who is turned away is not told to go on before', async () => {
    const { url, fill } = await start({ env })
    await fill(from('192.0.2.1'))
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const head = ['Host: a', 'X-Forwarded-For: 192.0.2.1', 'Expect: 100-continue', 'Content-Length: 3']
    socket.write(`POST ${PATH} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    socket.destroy()
    expect(String(answer)).toMatch(/^HTTP\/1\.1 503 /)
  })

  test('who is turned away and has sent the whole form is not waited for', async () => {
    // Whoever still sends is read for two seconds more.
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const { url, signIn, fill } = await start({ env })
    const inside = await fill(from('192.0.2.1'))
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    const head = ['Host: a', 'X-Forwarded-For: 192.0.2.1', 'Connection: close', 'Content-Length: 3']
    socket.write(`POST ${PATH} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\na=b`)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1\.1 503 /)
    await once(socket, 'end')
    socket.destroy()
    expect((await signIn(from('192.0.2.1'))).status).toBe(503)
    expect(inside).toHaveLength(SIGN_INS_OF_A_NETWORK)
  })

  test('of some who come at once each waits for a turn', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const { signIn } = await start({ env })
    const all = Array.from({ length: SIGN_INS_OF_A_NETWORK + 1 }, () => signIn(from('192.0.2.1')))
    // When there is no room for one of them, all others are at the door.
    expect((await Promise.race(all)).status).toBe(503)
    expect(inside).toHaveLength(1)
    vi.advanceTimersByTime(25)
    expect(inside).toHaveLength(2)
    vi.advanceTimersByTime(1_000)
    expect(inside).toHaveLength(SIGN_INS_OF_A_NETWORK)
    for (const response of inside.splice(0)) response.end('in')
    const statuses = (await Promise.all(all)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(SIGN_INS_OF_A_NETWORK)
  })

  test('a network is the one that a trusted proxy tells of, an IPv6 customer with all of its addresses', async () => {
    const { signIn, fill, enters } = await start({ env })
    await fill(from('2001:db8::1'))
    expect((await signIn(from('2001:db8::2'))).status).toBe(503)
    expect((await signIn(from('203.0.113.9, 2001:db8::3'))).status).toBe(503)
    await enters(from('2001:db8:0:1::1'))
  })

  test('nobody takes another share by claiming to be elsewhere', async () => {
    const { signIn, fill } = await start({ env: { ...env, trustedProxyHops: 0 } })
    await fill(from('192.0.2.1'))
    expect((await signIn(from('192.0.2.2'))).status).toBe(503)
  })

  test('behind the Worker a pass tells whose share it is, and what is no pass shares one', async () => {
    const world = await openWorld()
    const nowSeconds = Math.floor(world.clock.nowMs / 1000)
    const passFrom = (clientIp: string) => {
      const facts = {
        kind: 'anonymous',
        requestId: newId('req'),
        m: 'POST',
        p: PATH,
        q: '',
        clientIp,
      } as const
      return { [PASS_HEADER]: signPass(facts, world.deps.gatewayHmac, nowSeconds) }
    }
    try {
      const { signIn, fill, enters } = await start({ env: { ...env, gate: 'worker' }, gate: world.deps })
      await fill(passFrom('192.0.2.1'))
      expect((await signIn(passFrom('192.0.2.1'))).status).toBe(503)
      await enters(passFrom('192.0.2.2'))
      await fill({ [PASS_HEADER]: 'made up' })
      expect((await signIn({ [PASS_HEADER]: 'made up too', ...from('192.0.2.3') })).status).toBe(503)
    } finally {
      await world.close()
    }
  })
})

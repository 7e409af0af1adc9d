import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newId } from '../lib/core/ids'
import { PASS_HEADER, signPass } from '../lib/edge/pass'
import { openWorld } from '../lib/edge/testing/world'
import { type Listening, listen } from './http'
import { createRequestHandler, type RequestHandlerOptions } from './request'
import { SIGN_INS_AT_ONCE, SIGN_INS_OF_A_NETWORK, signInDoor } from './sign-in-door'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A sign-in whose form has not come yet. */
function signIn(from = '', url = '/api/auth/callback/credentials?json=true') {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'POST', url, complete: false, headers: { from } })
  return { request, response: new ServerResponse(request) }
}

/** Says whether there is room, and in `waits` how long each of those for whom there is has to wait. */
function openDoor(onCrowd?: () => void) {
  const admits = signInDoor({ networkOf: ({ headers }) => String(headers.from), onCrowd })
  const waits: number[] = []
  const hasRoom = (one: ReturnType<typeof signIn>) => {
    const waitMs = admits(one.request, one.response)
    if (waitMs !== undefined) waits.push(waitMs)
    return waitMs !== undefined
  }
  return Object.assign(hasRoom, { waits })
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
  crowd(hasRoom)
  expect(hasRoom.waits).toEqual(hasRoom.waits.map((_, index) => 25 * index))
  const alone = openDoor()
  expect(alone(signIn('here'))).toBe(true)
  vi.advanceTimersByTime(25)
  expect(alone(signIn('here'))).toBe(true)
  vi.advanceTimersByTime(60_000)
  expect(alone(signIn('here'))).toBe(true)
  expect(alone.waits).toEqual([0, 0, 0])
})

test('whatever else is asked for has room beside a crowd, and does not wait', () => {
  const hasRoom = openDoor()
  crowd(hasRoom)
  hasRoom.waits.splice(0)
  expect(hasRoom(signIn('elsewhere', '/reset'))).toBe(true)
  const list = signIn('elsewhere')
  list.request.method = 'GET'
  expect(hasRoom(list)).toBe(true)
  expect(hasRoom.waits).toEqual([0, 0])
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

  test('whoever has to wait for a turn does, and does not come in after leaving', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(100_000)
    const set = vi.spyOn(globalThis, 'setTimeout')
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    try {
      const { url, enters } = await start({ env })
      await enters(from('192.0.2.1'))
      // The next turn is in a minute and 25 ms.
      now.mockReturnValue(40_000)
      const leaving = new AbortController()
      const form = { method: 'POST', body: '', headers: from('192.0.2.1'), signal: leaving.signal }
      const left = fetch(url + PATH, form).catch(() => 'left')
      const turn = await vi.waitFor(() => {
        const at = set.mock.calls.findIndex(([, waitMs]) => waitMs === 60_025)
        expect(at).toBeGreaterThan(-1)
        return set.mock.results[at]?.value
      })
      expect(inside).toHaveLength(1)
      leaving.abort()
      expect(await left).toBe('left')
      await vi.waitFor(() => expect(clear).toHaveBeenCalledWith(turn))
      expect(inside).toHaveLength(1)
    } finally {
      vi.restoreAllMocks()
    }
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

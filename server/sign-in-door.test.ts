import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { listen } from './http'
import { createRequestHandler } from './request'
import { SIGN_INS_AT_ONCE, signInDoor } from './sign-in-door'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A sign-in whose form has not come yet. */
function signIn(url = '/api/auth/callback/credentials?json=true') {
  const request = new IncomingMessage(new Socket())
  Object.assign(request, { method: 'POST', url, complete: false })
  return { request, response: new ServerResponse(request) }
}

function crowd(hasRoom: ReturnType<typeof signInDoor>): ReturnType<typeof signIn>[] {
  const all = Array.from({ length: SIGN_INS_AT_ONCE }, () => signIn())
  for (const { request, response } of all) {
    expect(hasRoom(request, response)).toBe(true)
    request.complete = true
  }
  return all
}

test('so many sign-ins are let in at once and no more, until one of them is answered', () => {
  const hasRoom = signInDoor()
  const [first] = crowd(hasRoom)
  const next = signIn()
  expect(hasRoom(next.request, next.response)).toBe(false)
  first?.response.emit('close')
  expect(hasRoom(next.request, next.response)).toBe(true)
})

test('whatever else is asked for has room beside a crowd', () => {
  const hasRoom = signInDoor()
  crowd(hasRoom)
  const reset = signIn('/reset')
  expect(hasRoom(reset.request, reset.response)).toBe(true)
  const list = signIn()
  list.request.method = 'GET'
  expect(hasRoom(list.request, list.response)).toBe(true)
})

test('whoever sends the form slowly keeps nobody out; whoever has sent it is counted until the answer', () => {
  const hasRoom = signInDoor()
  const [slow] = crowd(hasRoom)
  if (slow) slow.request.complete = false
  vi.advanceTimersByTime(3_000)
  const [one, other] = [signIn(), signIn()]
  expect(hasRoom(one.request, one.response)).toBe(true)
  expect(hasRoom(other.request, other.response)).toBe(false)
})

test('a crowd is told of once in ten seconds', () => {
  const onCrowd = vi.fn()
  const hasRoom = signInDoor(onCrowd)
  crowd(hasRoom)
  expect(onCrowd).not.toHaveBeenCalled()
  const comeAgain = () => {
    const { request, response } = signIn()
    expect(hasRoom(request, response)).toBe(false)
  }
  comeAgain()
  comeAgain()
  expect(onCrowd).toHaveBeenCalledTimes(1)
})

test('a crowd that signs in at once is let in up to a number, and then told when to come again; other requests pass', async () => {
  const inside: ServerResponse[] = []
  vi.useRealTimers()
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    request.method === 'POST' ? inside.push(response) : response.end('ok')
  const env = { appUrl: 'http://localhost:3000', trustedProxyHops: 0 }
  const { port, close } = await listen({ handler: createRequestHandler({ handle, env }), port: 0 })
  const signIn = () =>
    fetch(`http://127.0.0.1:${port}/api/auth/callback/credentials`, { method: 'POST', body: '' })
  const crowd = Array.from({ length: SIGN_INS_AT_ONCE }, signIn)
  await vi.waitFor(() => expect(inside).toHaveLength(SIGN_INS_AT_ONCE))

  const refused = await signIn()
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  const said = await refused.json()
  expect(said).toMatchObject({ code: 'temporarily_unavailable', status: 503 })
  expect(said.request_id).toBe(refused.headers.get('x-request-id'))
  expect((await fetch(`http://127.0.0.1:${port}/login`)).status).toBe(200)

  for (const response of inside) response.end('in')
  expect((await Promise.all(crowd)).map(({ status }) => status)).toEqual(crowd.map(() => 200))
  await close(0)
})

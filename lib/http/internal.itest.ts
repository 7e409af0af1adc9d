import { describe, expect, test } from 'vitest'
import { batchOf, eventOf, keyInUse } from '../domain/testing/usage-events'
import { INTERNAL_HEADER, signInternalCall } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { db } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { usageRoute, verifyKeyRoute } from './internal'

const PATH = '/api/internal/usage'

/** A call as Twig makes it to itself, but for what is said otherwise. */
async function call(
  body: string,
  changes: { path?: string; signed?: string; at?: number; secret?: string } = {},
) {
  const { path = PATH, signed = body, at = Math.floor(Date.now() / 1000) } = changes
  const hmac = nodeHmac(changes.secret ?? nodeEnv().secrets.gatewaySecret)
  const signature = signInternalCall(path, signed, hmac, at)
  return new Request(`http://localhost${PATH}`, {
    method: 'POST',
    body,
    headers: { [INTERNAL_HEADER]: signature },
  })
}

const counted = async (keyId: string) =>
  (await db().usageDay.findMany({ where: { keyId } })).reduce((sum, { requests }) => sum + requests, 0)

describe('usage of another host of the gate', () => {
  test('is counted, once however often it is sent', async () => {
    const { keyId } = await keyInUse()
    const body = JSON.stringify(batchOf([eventOf(keyId), eventOf(keyId, { userAgent: 'a\0\r\n😀' })]))
    for (let i = 0; i < 3; i++) {
      const answer = await usageRoute(await call(body))
      expect([answer.status, await answer.text()]).toEqual([204, ''])
    }
    expect(await counted(keyId)).toBe(2)
  })

  test('may be an empty batch, which writes nothing', async () => {
    const batch = batchOf([])
    expect((await usageRoute(await call(JSON.stringify(batch)))).status).toBe(204)
    expect(await db().usageBatch.findUnique({ where: { id: batch.id } })).toBeNull()
  })

  test('without its signature, or with one for another path, body, time or secret, there is nothing here', async () => {
    const { keyId } = await keyInUse()
    const body = JSON.stringify(batchOf([eventOf(keyId)]))
    const calls = [
      new Request(`http://localhost${PATH}`, { method: 'POST', body }),
      await call(body, { path: '/api/internal/verify-key' }),
      await call(body, { signed: body.replace('curl', 'wget') }),
      await call(body, { at: Math.floor(Date.now() / 1000) - 60 }),
      await call(body, { secret: 'another secret of at least 32 characters' }),
    ]
    for (const request of calls) {
      const answer = await usageRoute(request)
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'not_found'])
    }
    expect(await counted(keyId)).toBe(0)
  })

  test.each([
    ['not JSON', () => 'nonsense'],
    ['no batch', () => '{}'],
    ['more than the schema knows', () => JSON.stringify({ ...batchOf([]), more: 1 })],
    ['another id', () => JSON.stringify({ ...batchOf([]), id: 'batch_../../etc/passwd' })],
    ['too many', () => JSON.stringify(batchOf(Array.from({ length: 501 }, () => eventOf('key_a'))))],
  ])('%s is refused', async (_what, body) => {
    expect((await usageRoute(await call(body()))).status).toBeGreaterThanOrEqual(400)
  })
})

test('the question about a key needs the signature too', async () => {
  const body = JSON.stringify({ credential: 'twigsk_live_x', proved: false })
  const unsigned = new Request('http://localhost/api/internal/verify-key', { method: 'POST', body })
  expect((await verifyKeyRoute(unsigned)).status).toBe(404)
})

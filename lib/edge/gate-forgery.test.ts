import { afterAll, describe, expect, test, vi } from 'vitest'
import { generateKey, parseKey } from '../core/api-key'
import { base62Of, randomBase62 } from '../core/ids'
import { webHmac } from './hmac'
import { admitted, call, openWorld, refused } from './testing/world'

vi.setConfig({ testTimeout: 60_000 })
const world = await openWorld()
const { deps, requests, verifications } = world
afterAll(world.close)

/** Forgeries by someone who knows the form, the ids and a good key’s public parts, in turn. */
function forgeries(good: string, foreign: string): (() => string)[] {
  return [
    () => `twigsk_live_${randomBase62(52)}`,
    () => `twigsk_test_${randomBase62(52)}`,
    () => good.slice(0, -8) + randomBase62(8),
    () => good.slice(0, 24) + randomBase62(32) + good.slice(-8),
    () => `twigsk_live_${randomBase62(12)}${good.slice(24)}`,
    () => `${foreign.slice(0, 12)}${good.slice(12, 24)}${foreign.slice(24)}`,
    () => foreign,
    () => good.replace('live', 'test'),
    () => good.slice(0, -1),
    () => good.slice(0, 20) + good.slice(20).toUpperCase(),
  ]
}

describe('10,000 forged keys', () => {
  test('cost no Redis command and no verification, and learn only that they are none of ours', async () => {
    const { key: good } = await world.mint()
    const { key: foreign } = generateKey('live', webHmac('a pepper of another Twig, just as long'))
    const kinds = forgeries(good, foreign)
    const answers = new Map<string, number>()
    for (let i = 0; i < 10_000; i++) {
      const forged = kinds[i % kinds.length]?.() ?? ''
      if (forged === good) continue
      const { status, body } = await refused(call(deps, 'GET', '/v1/agents', forged))
      const { request_id, ...told } = body
      const answer = `${status} ${JSON.stringify(told)}`
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
    expect(requests).toEqual([])
    expect(verifications).toEqual([])
    const codes = [...answers.keys()].map((answer) => /"code":"(\w+)"/.exec(answer)?.[1])
    expect(codes.sort()).toEqual(['invalid_api_key', 'invalid_key_format'])
    await admitted(call(deps, 'GET', '/v1/agents', good))
    expect(requests.length).toBeGreaterThan(0)
  })

  test('with a known id and with an unknown one get the very same answer', async () => {
    const { key } = await world.mint()
    const known = key.slice(0, 24) + randomBase62(40)
    const unknown = `twigsk_live_${randomBase62(52)}`
    const [one, two] = await Promise.all(
      [known, unknown].map((forged) => refused(call(deps, 'GET', '/v1/agents', forged))),
    )
    const plain = ({ status, headers, body }: Awaited<ReturnType<typeof refused>>) => {
      const { request_id, ...told } = body
      return { status, told, headers: [...headers].filter(([name]) => name !== 'x-request-id') }
    }
    if (!one || !two) throw new Error('two answers were expected')
    expect(plain(one)).toEqual(plain(two))
  })
})

describe('whoever knows the pepper but not the database', () => {
  test('makes keys whose tag is ours, which cost one look and are refused all the same', async () => {
    const { key } = generateKey('live', deps.pepper)
    expect((await refused(call(deps, 'GET', '/v1/agents', key))).body.code).toBe('invalid_api_key')
    expect(verifications).toEqual([key])
  })

  test('cannot use a known id with a secret of their own, cached or not', async () => {
    for (const cached of [true, false]) {
      const { facts } = await world.mint({ cached })
      const made = generateKey('live', deps.pepper)
      const body = `twigsk_live_${facts.id.slice(4)}${made.secret}`
      const tag = tagOf(body)
      expect(parseKey(body + tag)).not.toBeNull()
      expect((await refused(call(deps, 'GET', '/v1/agents', body + tag))).body.code).toBe('invalid_api_key')
    }
  })

  test('does not shut out the key’s owner by asking first', async () => {
    const { key, facts } = await world.mint({ cached: false })
    const body = `twigsk_live_${facts.id.slice(4)}${randomBase62(32)}`
    await refused(call(deps, 'GET', '/v1/agents', body + tagOf(body)))
    await admitted(call(deps, 'GET', '/v1/agents', key))
  })
})

/** The tag that the pepper gives a body. */
function tagOf(body: string): string {
  return base62Of(deps.pepper(body), 8)
}

import { afterAll, describe, expect, test, vi } from 'vitest'
import { generateKey, standInKey } from '../core/api-key'
import { apiPolicy } from '../core/policy'
import { environments, type Plan, plans, type Scope, scopes } from '../core/principal'
import { DEFAULT_PER_MINUTE } from '../core/rate-limits'
import { webHmac } from './hmac'
import { refusedCodes } from './refusal-samples'
import { type Asked, rehearsing, told } from './testing/rehearsing'
import { APP_URL, openWorld } from './testing/world'

vi.setConfig({ testTimeout: 240_000 })
const world = await openWorld()
afterAll(world.close)
const { deps, rehearsed, real } = rehearsing(world)
const HTTPS = 'https://twig.example'
const TUPLES = 10_000

/** Numbers that are the same in every run. */
function dice(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return { below, of: <T>(values: readonly T[]): T => values[below(values.length)] as T }
}

/** Of either family and of both, in IPv6 form, of all of IPv4, of one address, and of nothing. */
const LISTS: readonly (readonly string[])[] = [
  ['192.0.2.0/24'],
  ['2001:db8::/32'],
  ['192.0.2.0/24', '2001:db8::/32'],
  ['::ffff:192.0.2.0/120'],
  ['0.0.0.0/0'],
  ['198.51.100.4'],
  [],
]
const ADDRESSES = [
  null,
  'nonsense',
  '192.0.2.7',
  '192.0.2.8:4711',
  '::ffff:192.0.2.9',
  '198.51.100.4',
  '::FFFF:c633:6404',
  '203.0.113.1',
  '2001:db8::7',
  '[2001:DB8::7]:443',
  '2001:db9::7',
  '::1',
]

/** Whether a list holds an address, by hand. */
const PLACES: [string, string, boolean][] = [
  ['192.0.2.7', '192.0.2.0/24', true],
  ['192.0.2.8:4711', '192.0.2.0/24', true],
  ['::ffff:192.0.2.9', '192.0.2.0/24', true],
  ['192.0.2.7', '::ffff:192.0.2.0/120', true],
  ['::FFFF:c633:6404', '198.51.100.4', true],
  ['2001:db8::7', '192.0.2.0/24,2001:db8::/32', true],
  ['[2001:DB8::7]:443', '2001:db8::/32', true],
  ['203.0.113.1', '0.0.0.0/0', true],
  ['::1', '0.0.0.0/0', false],
  ['203.0.113.1', '192.0.2.0/24', false],
  ['2001:db9::7', '2001:db8::/32', false],
  ['192.0.2.7', '2001:db8::/32', false],
  ['192.0.2.7', '', false],
]

describe('a rehearsal', () => {
  const roll = dice(7)
  const few = () =>
    Object.fromEntries(scopes.map((scope) => [scope, 1 + roll.below(4)])) as Record<Scope, number>
  const someList = () => (roll.below(2) === 0 ? [...roll.of(LISTS)] : null)

  interface Held {
    key: string
    id: string
    environment: (typeof environments)[number]
    scopes: Scope[]
    plan: Plan
    list: string[] | null
  }

  async function someKeys(): Promise<Held[]> {
    const held: Held[] = []
    for (let i = 0; i < 24; i++) {
      const list = someList()
      const { key, facts } = await world.mint({
        environment: roll.of(environments),
        scopes: scopes.filter(() => roll.below(2) === 0),
        perMinute: roll.below(2) === 0 ? few() : {},
        organizationPerMinute: roll.below(3) === 0 ? few() : {},
        ...(list && { allowlist: list }),
        cached: roll.below(2) === 0,
      })
      held.push({ key, ...facts, plan: 'free', list })
    }
    return held
  }

  /** Something that happens to a key or its organization between calls. */
  async function change(held: Held): Promise<unknown> {
    switch (roll.below(40)) {
      case 0:
        return world.disable(held.id)
      case 1:
      case 2:
        return world.enable(held.id)
      case 3:
        held.scopes = [roll.of(scopes)]
        return world.narrow(held.id, held.scopes)
      case 4:
        return world.end(held.id, world.clock.nowMs + 5_000)
      case 5:
        return roll.below(5) === 0 ? world.revoke(held.id) : undefined
      case 6:
      case 7:
        return world.execute(['DEL', `k:${held.id}`])
      case 8:
        world.clock.nowMs += roll.below(10_000)
        return undefined
      case 9:
      case 10:
        held.list = someList()
        return world.list(held.id, held.list, roll.below(2) === 0)
      case 11:
      case 12:
        // The list stays, whatever the plan.
        held.plan = roll.of(plans)
        return world.settle(held.id, {
          plan: held.plan,
          perMinute: held.plan === 'enterprise' ? few() : DEFAULT_PER_MINUTE,
        })
      default:
        return undefined
    }
  }

  const bases = ['/api/v1', '/v1', '/api/test/v1', '/test/v1']
  const paths = [...apiPolicy.map(({ pattern }) => pattern), '/nothing', '/agents/', '/openapi.json?a=1']
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
  const foreign = generateKey('live', webHmac('a pepper of another Twig, which is long enough')).key

  /** Whatever else stands in the header: nothing, no key, another's, one that never was, ours with something wrong. */
  const forgeries = ({ key, id, environment }: Held) => [
    null,
    '',
    'Bearer',
    'Basic dHdpZzp0d2ln',
    foreign,
    `Bearer ${foreign}`,
    'Bearer sk-1',
    'Bearer  x',
    `Bearer ${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`,
    `Bearer ${generateKey(environment, deps.pepper).key}`,
    `Bearer ${standInKey(id, environment, deps.pepper)}`,
  ]

  test(`says what becomes of ${TUPLES} random requests, whole and by the key’s id`, async () => {
    let keys = await someKeys()
    const seen = new Map<string, number>()
    const note = (name: string) => seen.set(name, (seen.get(name) ?? 0) + 1)
    for (let i = 0; i < TUPLES; i++) {
      // Ends are for good.
      if (i % 500 === 0) keys = await someKeys()
      const held = roll.of(keys)
      const { key, id, environment } = held
      await change(held)
      const isForged = roll.below(10) === 0
      const authorization = isForged ? roll.of(forgeries(held)) : `Bearer ${key}`
      const byId = !isForged && roll.below(2) === 0 ? id : null
      const row = roll.of(apiPolicy)
      const own = environment === 'test' ? '/api/test/v1' : '/api/v1'
      const path =
        (roll.below(3) > 0 ? own : roll.of(bases)) +
        (roll.below(8) === 0 ? roll.of(paths) : row.pattern).replaceAll(/\{\w+\}/g, 'x_1')
      const clientIp = roll.of(ADDRESSES)
      const asked: Asked = {
        request: {
          method: roll.below(8) === 0 ? roll.of(methods) : (row.methods[0] ?? 'GET'),
          path,
          authorization:
            byId === null ? authorization : `Bearer ${standInKey(byId, environment, deps.pepper)}`,
          clientIp,
          secure: roll.below(8) > 0,
        },
        appUrl: roll.of([APP_URL, HTTPS]),
        byId,
      }
      const { verdict } = await rehearsed(asked)
      const outcome = await real(asked, authorization)
      expect(told(verdict, true), JSON.stringify([asked, held.plan, held.list])).toEqual(told(outcome, false))
      const name = outcome.kind === 'refuse' ? String(JSON.parse(outcome.body ?? '{}').code) : outcome.kind
      note(name)
      // One route takes anybody from anywhere.
      if (isForged || path.includes('/openapi.json')) continue
      note(`${held.scopes.join()}: ${name}`)
      note(`${held.plan}, ${held.list ? 'a list' : 'no list'}: ${name}`)
      if (held.list) note(`${clientIp} in ${held.list.join()}: ${name}`)
    }
    expect(missing(seen)).toEqual([])
  })

  /** What the dice left out, or should have. */
  function missing(seen: ReadonlyMap<string, number>): string[] {
    const left: string[] = []
    const explained: ReadonlySet<string> = new Set(['admit', ...refusedCodes])
    left.push(...[...seen.keys()].filter((name) => /^\w+$/.test(name) && !explained.has(name)))
    const often = (least: number, ...names: string[]) =>
      left.push(...names.filter((name) => (seen.get(name) ?? 0) <= least))
    const never = (name: string) => left.push(...(seen.has(name) ? [`${name}, which is wrong`] : []))
    often(100, 'admit', 'insufficient_scope', 'rate_limit_exceeded', 'wrong_environment')
    often(100, 'insecure_transport', 'ip_not_allowed', 'temporarily_unavailable')
    often(10, 'not_found', 'method_not_allowed', 'invalid_api_key', 'missing_authorization')
    often(10, 'missing_bearer_prefix', 'whitespace_in_key', 'invalid_key_format')
    often(10, 'revoked_api_key', 'disabled_api_key', 'expired_api_key')
    for (let bits = 1; bits < 16; bits++)
      often(0, `${scopes.filter((_scope, at) => bits & (1 << at)).join()}: admit`)
    often(0, ': insufficient_scope')
    for (const plan of plans) {
      often(10, `${plan}, no list: admit`, `${plan}, a list: admit`, `${plan}, a list: ip_not_allowed`)
      never(`${plan}, no list: ip_not_allowed`)
    }
    for (const [clientIp, list, isHeld] of PLACES) {
      often(0, `${clientIp} in ${list}: ${isHeld ? 'admit' : 'ip_not_allowed'}`)
      never(`${clientIp} in ${list}: ${isHeld ? 'ip_not_allowed' : 'admit'}`)
    }
    return left
  }
})

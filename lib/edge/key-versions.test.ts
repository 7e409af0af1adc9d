import fc from 'fast-check'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { directRedis } from '../../server/gate-redis'
import { changeKey, entryKey, type KeyFacts, keyMarks, rememberRefusal } from './key-cache'
import { decideKey } from './limiter'
import { askFor, cachedKey, fill, limitsOf, someKey } from './testing/keys'
import { openTestRedis } from './testing/redis'

vi.setConfig({ testTimeout: 60_000 })
const { clock, execute, close } = await openTestRedis()
const redis = directRedis({ execute })
afterAll(close)

const DAY_SECONDS = 86_400
const ttlOf = async (key: string) => Number(await execute(['TTL', key]))
const floorKey = (keyId: string) => `v:${keyId}`

describe('a change that refuses a key', () => {
  const marks = ['revoked', 'disabled', 'expired'] as const

  test.each(marks)('counts from that moment on, with its reason: %s', async (reason) => {
    const { facts, question } = await cachedKey(redis, 10)
    expect((await decideKey(redis, question)).kind).toBe('admit')
    await changeKey(redis, { keyId: facts.id, version: 2 }, reason)
    expect(await decideKey(redis, question)).toEqual({ kind: 'mark', reason })
  })

  test('keeps nothing of the entry: digest, facts and scopes are gone', async () => {
    const { facts } = await cachedKey(redis, 10)
    await changeKey(redis, { keyId: facts.id, version: 2 }, 'revoked')
    expect(await execute(['HGETALL', entryKey(facts.id)])).toEqual(['version', '2', 'mark', 'revoked'])
  })

  test('stands for a day, and a day from the last time that it is told', async () => {
    const facts = someKey()
    for (let told = 0; told < 3; told++) {
      await changeKey(redis, { keyId: facts.id, version: 2 }, 'revoked')
      expect(await ttlOf(entryKey(facts.id))).toBe(DAY_SECONDS)
      expect(await ttlOf(floorKey(facts.id))).toBe(DAY_SECONDS)
      clock.nowMs += 3_600_000
    }
  })

  test('is not undone by a fill that was in flight, comes minutes or hours late, or is tried again', async () => {
    const facts = someKey()
    await changeKey(redis, { keyId: facts.id, version: 2 }, 'revoked')
    for (const lateMs of [0, 0, 301_000, 3_600_000, 20 * 3_600_000]) {
      clock.nowMs += lateMs
      await fill(redis, facts)
      expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
    }
  })

  test('stays when a look-up that began earlier says the key is absent', async () => {
    const facts = someKey()
    await changeKey(redis, { keyId: facts.id, version: 2 }, 'revoked')
    await rememberRefusal(redis, { keyId: facts.id, version: 0 }, 'absent')
    expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
    expect(await ttlOf(entryKey(facts.id))).toBe(DAY_SECONDS)
  })

  test('replaces an absent mark', async () => {
    const facts = someKey()
    await rememberRefusal(redis, { keyId: facts.id, version: 0 }, 'absent')
    await changeKey(redis, { keyId: facts.id, version: 2 }, 'revoked')
    expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason: 'revoked' })
  })
})

describe('a change that refuses nobody', () => {
  test('takes away what is cached of an older state, so that the row is read anew', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    await changeKey(redis, { keyId: facts.id, version: 2 }, null)
    expect(await decideKey(redis, question)).toEqual({ kind: 'miss' })
    await fill(redis, facts)
    expect(await decideKey(redis, question)).toEqual({ kind: 'miss' })
    await fill(redis, facts, limitsOf(facts), 2)
    expect((await decideKey(redis, question)).kind).toBe('admit')
  })

  test('takes away a mark of an older state too', async () => {
    const facts = someKey()
    await changeKey(redis, { keyId: facts.id, version: 2 }, 'disabled')
    await changeKey(redis, { keyId: facts.id, version: 3 }, null)
    expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'miss' })
  })

  test('leaves what was read of the same state', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    await changeKey(redis, { keyId: facts.id, version: 1 }, null)
    expect((await decideKey(redis, question)).kind).toBe('admit')
  })

  test('keeps what came before it out for a day', async () => {
    const { facts, question } = await cachedKey(redis, 10)
    await changeKey(redis, { keyId: facts.id, version: 2 }, null)
    expect(await ttlOf(floorKey(facts.id))).toBe(DAY_SECONDS)
    clock.nowMs += (DAY_SECONDS - 1) * 1000
    await fill(redis, facts)
    expect(await decideKey(redis, question)).toEqual({ kind: 'miss' })
  })
})

describe('a remembered refusal', () => {
  test.each(keyMarks)('%s never hides what was read of as new a state', async (reason) => {
    const { facts, question } = await cachedKey(redis, 10)
    for (const version of [0, 1]) {
      await rememberRefusal(redis, { keyId: facts.id, version }, reason)
      expect((await decideKey(redis, question)).kind).toBe('admit')
    }
  })

  test('of a newer state replaces the entry, and nothing of it stays', async () => {
    const { facts } = await cachedKey(redis, 10)
    await rememberRefusal(redis, { keyId: facts.id, version: 2 }, 'disabled')
    expect(await execute(['HGETALL', entryKey(facts.id)])).toEqual(['version', '2', 'mark', 'disabled'])
  })

  test('gives way to what is read of a newer state: a key that was absent a moment ago is there', async () => {
    const facts = someKey()
    await rememberRefusal(redis, { keyId: facts.id, version: 0 }, 'absent')
    await fill(redis, facts)
    expect((await decideKey(redis, askFor(facts))).kind).toBe('admit')
  })

  test('lasts 300 s, and of an absent key 30 s', async () => {
    for (const reason of keyMarks) {
      const facts = someKey()
      const version = reason === 'absent' ? 0 : 2
      const seconds = reason === 'absent' ? 30 : 300
      await rememberRefusal(redis, { keyId: facts.id, version }, reason)
      expect(await ttlOf(entryKey(facts.id))).toBe(seconds)
      clock.nowMs += seconds * 1000 - 1
      expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'mark', reason })
      clock.nowMs += 2
      expect(await decideKey(redis, askFor(facts))).toEqual({ kind: 'miss' })
    }
  })

  test('is not prolonged by repeating it', async () => {
    const facts = someKey()
    await rememberRefusal(redis, { keyId: facts.id, version: 0 }, 'absent')
    clock.nowMs += 20_000
    await rememberRefusal(redis, { keyId: facts.id, version: 0 }, 'absent')
    expect(await ttlOf(entryKey(facts.id))).toBe(10)
  })
})

/** The states of a key's row, from version 1 on: what refuses it, or null. */
type Life = readonly ('revoked' | 'disabled' | 'expired' | null)[]

/** A version as it was read of the row, or as a change that is told. */
interface Message {
  kind: 'read' | 'change'
  version: number
}

async function deliver(facts: KeyFacts, life: Life, { kind, version }: Message): Promise<void> {
  const key = { keyId: facts.id, version }
  const reason = life[version - 1] ?? null
  if (kind === 'change') await changeKey(redis, key, reason)
  else if (reason) await rememberRefusal(redis, key, reason)
  else await fill(redis, { ...facts, name: `state ${version}` }, limitsOf(facts), version)
}

/** What Redis makes of the key now: the state that it believes in, the reason of a mark, or nothing. */
async function believed(facts: KeyFacts): Promise<string> {
  const decision = await decideKey(redis, askFor(facts, { take: false }))
  if (decision.kind === 'mark') return decision.reason
  return 'facts' in decision ? decision.facts.name : decision.kind
}

/** What it should: the newest state that it has heard of, or nothing where it knows only that there is one. */
function newest(life: Life, heard: readonly Message[]): string {
  const version = Math.max(0, ...heard.map((message) => message.version))
  const wasRead = heard.some((message) => message.kind === 'read' && message.version === version)
  return life[version - 1] ?? (wasRead ? `state ${version}` : 'miss')
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield []
  for (const [at, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(at, 1))) yield [item, ...rest]
  }
}

describe('in whatever order reads and changes of a key arrive', () => {
  const lives: [string, Life][] = [
    ['disabled, enabled', [null, 'disabled', null]],
    ['disabled, deleted', [null, 'disabled', 'revoked']],
    ['narrowed, narrowed again', [null, null, null]],
    ['narrowed, deleted', [null, null, 'revoked']],
    ['rotated with a grace time, disabled', [null, null, 'disabled']],
    ['rotated without one', [null, 'expired', 'expired']],
    ['enabled, disabled', ['disabled', null, 'disabled']],
    ['enabled, deleted', ['disabled', null, 'revoked']],
  ]
  test.each(lives)(
    'the newest counts after every one of them, in all 120 orders: %s',
    async (_name, life) => {
      const messages: Message[] = [1, 2, 3].flatMap((version) => [
        { kind: 'read', version } as const,
        ...(version > 1 ? [{ kind: 'change', version } as const] : []),
      ])
      let orders = 0
      for (const order of permutations(messages)) {
        orders += 1
        const facts = someKey()
        for (const [at, message] of order.entries()) {
          await deliver(facts, life, message)
          const heard = order.slice(0, at + 1)
          expect(await believed(facts), JSON.stringify(heard)).toBe(newest(life, heard))
        }
      }
      expect(orders).toBe(120)
    },
  )

  const messages = fc.array(
    fc.record({
      kind: fc.constantFrom<Message['kind']>('read', 'change'),
      version: fc.integer({ min: 1, max: 12 }),
    }),
    { maxLength: 25 },
  )
  const lifeOf12 = fc.array(fc.constantFrom('disabled', 'expired', null), { minLength: 12, maxLength: 12 })

  test('the newest counts, of twelve states, with messages lost and told again', async () => {
    await fc.assert(
      fc.asyncProperty(lifeOf12, messages, async (life, order) => {
        const facts = someKey()
        for (const message of order) await deliver(facts, life, message)
        expect(await believed(facts)).toBe(newest(life, order))
      }),
      { numRuns: 300 },
    )
  })

  test('no older state than a change told within a day ever counts, however late what was read arrives', async () => {
    const steps = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 0, max: 6_000_000 }),
        kind: fc.constantFrom<Message['kind']>('read', 'change'),
        version: fc.integer({ min: 1, max: 12 }),
      }),
      { maxLength: 14 },
    )
    await fc.assert(
      fc.asyncProperty(lifeOf12, steps, async (life, order) => {
        const facts = someKey()
        let floor = 0
        for (const { afterMs, kind, version } of order) {
          clock.nowMs += afterMs
          await deliver(facts, life, { kind, version })
          if (kind === 'change') floor = Math.max(floor, version)
          const allowed = new Set(['miss'])
          for (let state = Math.max(1, floor); state <= life.length; state++) {
            allowed.add(life[state - 1] ?? `state ${state}`)
          }
          expect(allowed).toContain(await believed(facts))
        }
      }),
      { numRuns: 200 },
    )
  })
})

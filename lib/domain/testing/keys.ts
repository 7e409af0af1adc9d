import { digestKey, parseKey } from '../../core/api-key'
import { randomBase62 } from '../../core/ids'
import type { Scope } from '../../core/principal'
import { changeKey } from '../../edge/key-cache'
import { decideKey, type KeyDecision } from '../../edge/limiter'
import { connectRedis, type GateRedis } from '../../edge/redis'
import { nodeEnv } from '../../env/node'
import type { Prisma } from '../../generated/prisma/client'
import { cache } from '../../store/cache'
import { checkDatabase, db } from '../../store/db'
import { nodeHmac } from '../../store/hmac'
import { auditOf } from './tenants'

const WARM_UP_ATTEMPTS = 20

/**
 * Opens the connections and lets the stand-in of Redis load its Lua: on a busy machine each of them may take longer, the
 * first time, than a call is given.
 */
export async function warmUp(): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await checkDatabase()
      await changeKey(cache(), { keyId: 'key_warm', version: 1 }, null)
      return
    } catch (error) {
      if (attempt === WARM_UP_ATTEMPTS) throw error
    }
  }
}

/** The gate's question about a key, as a request of that scope would put it. */
export async function askGate(
  credential: string,
  scope: Scope = 'read',
  redis: GateRedis = cache(),
  address = '',
): Promise<KeyDecision> {
  const key = parseKey(credential)
  if (!key) throw new Error('not a key')
  const digest = digestKey(key, nodeHmac(nodeEnv().secrets.keyPepper))
  return decideKey(redis, { keyId: key.keyId, digest, scope, bucket: scope, take: true, address })
}

/** The row of a key that nobody holds, written directly: it costs no bcrypt and no audit row. */
export function plantKey(
  organizationId: string,
  changes: Partial<Prisma.ApiKeyUncheckedCreateInput> = {},
): Promise<{ id: string }> {
  const id = randomBase62(12)
  return db().apiKey.create({
    data: {
      id: `key_${id}`,
      organizationId,
      name: 'Planted',
      environment: 'live',
      scopes: ['read'],
      start: id.slice(0, 4),
      last4: 'wxyz',
      secretHash: 'none',
      ...changes,
    },
    select: { id: true },
  })
}

/** What the audit log says of one key, oldest first. */
export async function historyOf(organizationId: string, id: string) {
  const entries = (await auditOf(organizationId)).filter(({ targetId }) => targetId === id)
  return entries.map(({ action, before, after }) => ({ action, before, after }))
}

/** Does the work while this process finds nobody at the address of Redis; the work may ask the real one as the gate does. */
export async function withoutRedis<T>(work: (redis: GateRedis) => Promise<T>): Promise<T> {
  const shared = globalThis as unknown as { twigCache?: unknown }
  const present = cache()
  shared.twigCache = connectRedis('http://127.0.0.1:1', 'nobody')
  try {
    return await work(present)
  } finally {
    shared.twigCache = present
  }
}

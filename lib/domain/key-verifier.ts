import { digestKey, parseKey, verifyTag } from '../core/api-key'
import { fillKey, type KeyMark, rememberRefusal } from '../edge/key-cache'
import { nodeEnv } from '../env/node'
import { cache } from '../store/cache'
import { db } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { verifySecret } from '../store/key-hash'
import { organizationLimits } from './plans'

/** What the gate is told after a look at the row. */
export type Verification = { kind: 'filled' } | { kind: 'mismatch' } | { kind: 'mark'; reason: KeyMark }

/** Verifications under way in this process, by key digest: many first uses of one key cost one bcrypt. */
const inFlight = new Map<string, Promise<Verification>>()

/**
 * Checks a key against its row with bcrypt and caches the outcome for the gate. A key whose tag is not ours is refused
 * by arithmetic. Throws when Postgres or Redis does not answer, so that the gate says 503 and never 401.
 */
export async function verifyApiKey(credential: string): Promise<Verification> {
  const pepper = nodeHmac(nodeEnv().secrets.keyPepper)
  const key = parseKey(credential)
  if (!key || !(await verifyTag(key, pepper))) return { kind: 'mismatch' }
  const digest = await digestKey(key, pepper)
  const running = inFlight.get(digest)
  if (running) return running
  const verification = verify(key.keyId, key.secret, digest).finally(() => inFlight.delete(digest))
  inFlight.set(digest, verification)
  return verification
}

async function verify(keyId: string, secret: string, digest: string): Promise<Verification> {
  const row = await db().apiKey.findUnique({ where: { id: keyId }, omit: { secretHash: false } })
  if (!row || row.revokedAt) {
    const reason = row ? 'revoked' : 'absent'
    await rememberRefusal(cache(), keyId, reason)
    return { kind: 'mark', reason }
  }
  if (!(await verifySecret(secret, row.secretHash))) return { kind: 'mismatch' }
  const { id, name, organizationId, environment, scopes } = row
  const limits = await organizationLimits(organizationId)
  await fillKey(cache(), { id, name, organizationId, environment, scopes }, digest, limits)
  return { kind: 'filled' }
}

import { z } from 'zod'
import { TwigError } from '../core/errors'
import type { Principal } from '../core/principal'
import { nodeEnv } from '../env/node'
import type { Prisma } from '../generated/prisma/client'
import { bareCause } from '../store/background'
import { db, isUniqueViolation } from '../store/db'
import { sha256 } from '../store/hmac'
import { log } from '../store/log'
import { type SealedPlace, seal, unseal } from '../store/vault'

const KEPT_MS = 24 * 3600 * 1000

export interface Answer {
  status: number
  body: Prisma.InputJsonValue
}

/** What the column holds: an answer may carry a new key, which stands nowhere in clear. */
const KeptBody = z.strictObject({ sealed: z.string() })

function placeOf(organizationId: string, key: string): SealedPlace {
  return { organizationId, table: 'idempotency_records', row: key, column: 'body' }
}

function keep(body: Answer['body'], place: SealedPlace): z.infer<typeof KeptBody> {
  return { sealed: seal(nodeEnv().secrets.encryptionKeys, place, JSON.stringify(body)) }
}

/** Throws idempotency_conflict for what no key of the ring opens: better no answer than the work done twice. */
function reopen(kept: unknown, place: SealedPlace): Answer['body'] {
  try {
    return JSON.parse(unseal(nodeEnv().secrets.encryptionKeys, place, KeptBody.parse(kept).sealed))
  } catch (cause) {
    throw new TwigError(
      'idempotency_conflict',
      'The first answer to this Idempotency-Key can no longer be read; look at what it did, then use a new one.',
      { cause },
    )
  }
}

function callerOf(principal: Principal): string {
  if (principal.kind === 'key') return principal.keyId
  return principal.kind === 'user' ? principal.userId : 'operator'
}

/**
 * Runs a request at most once for its Idempotency-Key: the same key and body within 24 hours gives the first answer
 * again. A failed first run is forgotten, so that it can be repeated. Throws idempotency_conflict for another body, and
 * while (or because) the first run has not finished. The answer is kept sealed.
 */
export async function once(
  principal: Principal,
  request: { key: string; path: string; body: string },
  run: () => Promise<Answer>,
): Promise<Answer & { replayed: boolean }> {
  const { organizationId } = principal
  const key = sha256([callerOf(principal), principal.environment, request.path, request.key].join('\n'))
  const requestDigest = sha256(request.body)
  const where = { organizationId_key: { organizationId, key } }
  const records = db().idempotencyRecord
  await records.deleteMany({
    where: { organizationId, key, createdAt: { lt: new Date(Date.now() - KEPT_MS) } },
  })
  try {
    await records.create({ data: { organizationId, key, requestDigest } })
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    return { ...(await replay(organizationId, key, requestDigest)), replayed: true }
  }
  const answer = await run().catch(async (error: unknown) => {
    await records.delete({ where }).catch(() => undefined)
    throw error
  })
  const body = keep(answer.body, placeOf(organizationId, key))
  // The work is done, and its answer may hold a key that is shown once: not being able to keep it must not lose it.
  await records.update({ where, data: { status: answer.status, body } }).catch((error: unknown) => {
    log().warn({ cause: bareCause(error) }, 'an answer could not be kept for its Idempotency-Key')
  })
  return { ...answer, replayed: false }
}

async function replay(organizationId: string, key: string, requestDigest: string): Promise<Answer> {
  const first = await db().idempotencyRecord.findUnique({
    where: { organizationId_key: { organizationId, key } },
  })
  if (first && first.requestDigest !== requestDigest) {
    throw new TwigError(
      'idempotency_conflict',
      'This Idempotency-Key was used with another body; use a new one.',
    )
  }
  if (first?.status == null || first.body === null) {
    throw new TwigError(
      'idempotency_conflict',
      'The first request with this Idempotency-Key has not finished.',
    )
  }
  return { status: first.status, body: reopen(first.body, placeOf(organizationId, key)) }
}

/** Removes answers older than 24 hours. Meant for once an hour; returns rows removed. */
export async function sweepIdempotencyRecords(now: Date = new Date()): Promise<number> {
  const createdAt = { lt: new Date(now.getTime() - KEPT_MS) }
  return (await db().idempotencyRecord.deleteMany({ where: { createdAt } })).count
}

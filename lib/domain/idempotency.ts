import { TwigError } from '../core/errors'
import type { Principal } from '../core/principal'
import type { Prisma } from '../generated/prisma/client'
import { db, isUniqueViolation } from '../store/db'
import { sha256 } from '../store/hmac'

const KEPT_MS = 24 * 3600 * 1000

export interface Answer {
  status: number
  body: Prisma.InputJsonValue
}

function callerOf(principal: Principal): string {
  if (principal.kind === 'key') return principal.keyId
  return principal.kind === 'user' ? principal.userId : 'operator'
}

/**
 * Runs a request at most once for its Idempotency-Key: the same key and body within 24 hours gives the first answer
 * again. A failed first run is forgotten, so that it can be repeated. Throws idempotency_conflict for another body, and
 * while (or because) the first run has not finished.
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
    return { ...(await replay(where, requestDigest)), replayed: true }
  }
  const answer = await run().catch(async (error: unknown) => {
    await records.delete({ where }).catch(() => undefined)
    throw error
  })
  await records.update({ where, data: { status: answer.status, body: answer.body } })
  return { ...answer, replayed: false }
}

async function replay(
  where: Prisma.IdempotencyRecordWhereUniqueInput,
  requestDigest: string,
): Promise<Answer> {
  const first = await db().idempotencyRecord.findUnique({ where })
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
  return { status: first.status, body: first.body }
}

/** Removes answers older than 24 hours. Meant for once an hour; returns rows removed. */
export async function sweepIdempotencyRecords(now: Date = new Date()): Promise<number> {
  const createdAt = { lt: new Date(now.getTime() - KEPT_MS) }
  return (await db().idempotencyRecord.deleteMany({ where: { createdAt } })).count
}

import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import type { Principal } from '../core/principal'
import { nodeEnv } from '../env/node'
import type { Prisma } from '../generated/prisma/client'
import { bareCause } from '../store/background'
import { db } from '../store/db'
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

/** A run that nobody heard of for so long is dead: its process crashed, and another may take its place. */
const LEASE_MS = 15_000
const RENEW_MS = 5_000
/** How long a repetition waits for the first run, and how often it looks. */
const WAIT_MS = 30_000
const LOOK_FIRST_MS = 50
const LOOK_MOST_MS = 500

export interface IdempotentRequest {
  key: string
  path: string
  body: string
}

/** What became of a request with an Idempotency-Key: answered before, or this run's to do. */
export type Claim =
  | { kind: 'replay'; answer: Answer }
  | {
      kind: 'mine'
      /** Keeps the answer for 24 hours. Never throws: not being able to keep it must not lose it. */
      keep(answer: Answer): Promise<void>
      /** Lets the request be done anew. */
      forget(): Promise<void>
    }

interface Row {
  organizationId: string
  key: string
  requestDigest: string
}

/** Takes the row where there is none, where it is older than 24 hours, or where whoever ran it died. On Postgres's clock. */
async function take({ organizationId, key, requestDigest }: Row, claim: string): Promise<boolean> {
  const taken = await db().$executeRaw`
    INSERT INTO idempotency_records AS held (organization_id, key, request_digest, claim, claimed_until, created_at)
    VALUES (${organizationId}, ${key}, ${requestDigest}, ${claim}, now() + ${LEASE_MS} * interval '1 ms', now())
    ON CONFLICT (organization_id, key) DO UPDATE SET request_digest = excluded.request_digest,
      claim = excluded.claim, claimed_until = excluded.claimed_until, created_at = excluded.created_at,
      status = NULL, body = NULL
    WHERE held.created_at < now() - ${KEPT_MS} * interval '1 ms'
      OR (held.status IS NULL AND coalesce(held.claimed_until, held.created_at) < now())`
  return taken > 0
}

/** The first answer, null while it is being made, undefined where the first run was forgotten. Throws idempotency_conflict. */
async function look({ organizationId, key, requestDigest }: Row): Promise<Answer | null | undefined> {
  const first = await db().idempotencyRecord.findUnique({
    where: { organizationId_key: { organizationId, key } },
  })
  if (!first) return undefined
  if (first.requestDigest !== requestDigest) {
    throw new TwigError(
      'idempotency_conflict',
      'This Idempotency-Key was used with another body; use a new one.',
    )
  }
  if (first.status === null || first.body === null) return null
  return { status: first.status, body: reopen(first.body, placeOf(organizationId, key)) }
}

function mine(row: Row, claim: string): Claim {
  const { organizationId, key } = row
  const records = db().idempotencyRecord
  const where = { organizationId, key, claim, status: null }
  const renewal = setInterval(() => {
    const renew = db().$executeRaw`
      UPDATE idempotency_records SET claimed_until = now() + ${LEASE_MS} * interval '1 ms'
      WHERE organization_id = ${organizationId} AND key = ${key} AND claim = ${claim} AND status IS NULL`
    renew.catch(() => undefined)
  }, RENEW_MS)
  renewal.unref()
  return {
    kind: 'mine',
    keep: async ({ status, body }) => {
      clearInterval(renewal)
      const kept = keep(body, placeOf(organizationId, key))
      await records.updateMany({ where, data: { status, body: kept } }).catch((error: unknown) => {
        log().warn({ cause: bareCause(error) }, 'an answer could not be kept for its Idempotency-Key')
      })
    },
    forget: async () => {
      clearInterval(renewal)
      await records.deleteMany({ where }).catch(() => undefined)
    },
  }
}

/**
 * Claims a request for its Idempotency-Key. While the first run is under way, in this process or another, a repetition
 * waits for its answer; where that run failed or its process died, the repetition takes its place. Throws
 * idempotency_conflict for another body, and when the first run has not finished within half a minute.
 */
export async function claim(
  principal: Principal,
  request: IdempotentRequest,
  { signal, waitMs = WAIT_MS }: { signal?: AbortSignal | undefined; waitMs?: number } = {},
): Promise<Claim> {
  const { organizationId } = principal
  const parts = [callerOf(principal), principal.environment, request.path, request.key]
  const row = { organizationId, key: sha256(parts.join('\n')), requestDigest: sha256(request.body) }
  const token = newId('req')
  const deadlineMs = performance.now() + waitMs
  for (let pauseMs = LOOK_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, LOOK_MOST_MS)) {
    if (await take(row, token)) return mine(row, token)
    const answer = await look(row)
    if (answer) return { kind: 'replay', answer }
    if (performance.now() >= deadlineMs) {
      throw new TwigError(
        'idempotency_conflict',
        'The first request with this Idempotency-Key has not finished; ask again for its answer.',
        { retryAfterSeconds: 5 },
      )
    }
    await sleep(pauseMs, undefined, { signal })
  }
}

/**
 * Runs a request at most once for its Idempotency-Key: the same key and body within 24 hours gives the first answer
 * again, also to those who ask while it is being made. A failed first run is forgotten, so that it can be repeated.
 * Throws as `claim` does. The answer is kept sealed.
 */
export async function once(
  principal: Principal,
  request: IdempotentRequest,
  run: () => Promise<Answer>,
  options: { signal?: AbortSignal | undefined; waitMs?: number } = {},
): Promise<Answer & { replayed: boolean }> {
  const claimed = await claim(principal, request, options)
  if (claimed.kind === 'replay') return { ...claimed.answer, replayed: true }
  const answer = await run().catch(async (error: unknown) => {
    await claimed.forget()
    throw error
  })
  await claimed.keep(answer)
  return { ...answer, replayed: false }
}

/** Removes answers older than 24 hours. Meant for once an hour; returns rows removed. */
export async function sweepIdempotencyRecords(now: Date = new Date()): Promise<number> {
  const createdAt = { lt: new Date(now.getTime() - KEPT_MS) }
  return (await db().idempotencyRecord.deleteMany({ where: { createdAt } })).count
}

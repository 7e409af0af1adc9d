import { describe, expect, test } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { db, inTransaction } from '../store/db'
import { beginConnection } from './connection-flows'
import { attemptRevocation, lockAccount, retryRevocations } from './connection-revocations'
import { freshAccessToken } from './connection-tokens'
import { disconnect, finishConnection } from './connections'
import { deleteDataSource, getDataSource, listDataSources } from './data-sources'
import { requestSync, setSchedule } from './source-syncs'
import { ahead, connectingWorld, HOUR_MS, input, provider } from './testing/connecting'
import { code } from './testing/refusal'
import { auditOf, keyOf } from './testing/tenants'

const here = connectingWorld()

async function ownConnection() {
  const [person, own] = [await here.person(), here.account()]
  return { person, own, ...(await here.connected(person, own)) }
}

const receiptOf = async (person: UserPrincipal, id: string) =>
  (await getDataSource(person, { id })).connection?.receipt

describe('disconnecting', () => {
  test('deletes the tokens, revokes, says so, and leaves nothing to read with', async () => {
    const { person, own, id, place } = await ownConnection()
    const receipt = await disconnect(person, { id })
    expect(receipt).toMatchObject({
      tokens_deleted: true,
      provider: { outcome: 'revoked', answer: 'HTTP 200', at: expect.any(String), revoke_url: null },
    })
    expect(await receiptOf(person, id)).toEqual(receipt)
    expect(here.google.control.liveGrants(own.account)).toBe(0)
    expect(await db().oauthToken.count({ where: { connection: { dataSourceId: id } } })).toBe(0)
    await expect(freshAccessToken(place)).rejects.toMatchObject({ kind: 'grant_refused' })
    await expect(disconnect(person, { id })).rejects.toEqual(code('conflict'))
    await expect(requestSync(person, { id })).rejects.toEqual(code('conflict'))
    await expect(setSchedule(person, { id, minutes: 15 })).rejects.toEqual(code('conflict'))
    const audit = await auditOf(person.organizationId)
    expect(audit.find(({ action }) => action === 'data_source.disconnected')).toMatchObject({
      actorId: person.userId,
      after: { tokens_deleted: true, revocation: 'pending' },
    })
  })

  test('is not for viewers, readers, other organizations, nor with a key of Test what is Live', async () => {
    const { person, id } = await ownConnection()
    const { organizationId } = person
    const tries = [
      [{ ...person, role: 'viewer' } as const, 'insufficient_role'],
      [keyOf(organizationId, ['read']), 'insufficient_scope'],
      [keyOf(organizationId, ['admin'], 'test'), 'not_found'],
      [await here.person(), 'not_found'],
    ] as const
    for (const [who, refusal] of tries) await expect(disconnect(who, { id })).rejects.toEqual(code(refusal))
    expect((await getDataSource(person, { id })).status).toBe('connected')
    expect(await disconnect(keyOf(organizationId, ['write']), { id })).toMatchObject({ tokens_deleted: true })
  })

  test('of one that the provider has ended already says so', async () => {
    const { person, own, id } = await ownConnection()
    here.google.control.revokeAccount(own.account)
    expect((await disconnect(person, { id })).provider).toMatchObject({
      outcome: 'already_revoked',
      answer: 'invalid_token',
    })
  })

  test('is done here while the provider fails, which is asked again by whoever runs then, and told of anew', async () => {
    const { person, own, id } = await ownConnection()
    here.google.control.fail({ on: 'POST /revoke', status: 503 })
    const receipt = await disconnect(person, { id })
    expect(receipt.provider).toMatchObject({
      outcome: 'pending',
      answer: 'http_503',
      at: null,
      next_at: expect.any(String),
      revoke_url: expect.stringContaining('https://'),
    })
    expect(await db().oauthToken.count({ where: { connection: { dataSourceId: id } } })).toBe(0)
    const kept = () =>
      db().tokenRevocation.findFirstOrThrow({
        where: { organizationId: person.organizationId },
        omit: { sealedTokens: false },
      })
    const { id: revocation, sealedTokens } = await kept()
    expect(sealedTokens).toMatch(/^v1\./)
    here.google.control.forgetCalls()
    expect(await attemptRevocation(revocation)).toBe(false)
    expect(here.google.control.count('POST /revoke')).toBe(0)
    here.google.control.heal()
    await retryRevocations(ahead(HOUR_MS))
    expect((await receiptOf(person, id))?.provider).toMatchObject({ outcome: 'revoked', next_at: null })
    expect(here.google.control.liveGrants(own.account)).toBe(0)
    expect((await kept()).sealedTokens).toBeNull()
  })

  test('asks the provider after the source is deleted, too', async () => {
    const { person, own, id } = await ownConnection()
    await deleteDataSource(person, { id })
    expect((await listDataSources(person, { limit: 50 })).data).toEqual([])
    expect(here.google.control.liveGrants(own.account)).toBe(1)
    await retryRevocations(ahead(1_000))
    expect(here.google.control.liveGrants(own.account)).toBe(0)
  })

  test('is asked for by one process at a time', async () => {
    const { person, id } = await ownConnection()
    here.google.control.fail({ on: 'POST /revoke', status: 503, times: 1 })
    await disconnect(person, { id })
    const { id: revocation } = await db().tokenRevocation.findFirstOrThrow({
      where: { organizationId: person.organizationId },
    })
    here.google.control.forgetCalls()
    const later = ahead(HOUR_MS)
    await Promise.all(Array.from({ length: 5 }, () => attemptRevocation(revocation, later)))
    expect(here.google.control.count('POST /revoke')).toBe(1)
  })
})

describe('two organizations on one account', () => {
  async function pair() {
    const own = here.account()
    const [one, two] = [await here.person(), await here.person()]
    return { own, one, two, at: await here.connected(one, own), there: await here.connected(two, own) }
  }

  test('do not touch each other: the provider is asked when the last one goes, and nobody is told of whom', async () => {
    const { own, one, two, at, there } = await pair()
    const receipt = await disconnect(one, at)
    expect(receipt.provider.outcome).toBe('in_use')
    expect(JSON.stringify(receipt)).not.toContain(two.organizationId)
    expect(here.google.control.liveGrants(own.account)).toBe(2)
    const { accessToken } = await freshAccessToken(there.place)
    await freshAccessToken(there.place, { refused: accessToken })
    expect((await getDataSource(two, there)).status).toBe('connected')
    expect((await disconnect(two, there)).provider.outcome).toBe('revoked')
    expect(here.google.control.liveGrants(own.account)).toBe(0)
  })

  test('that disconnect at the same moment do not both take the other for alive', async () => {
    const { own, one, two, at, there } = await pair()
    const receipts = await Promise.all([disconnect(one, at), disconnect(two, there)])
    expect(receipts.map(({ provider }) => provider.outcome)).toContain('revoked')
    expect(here.google.control.liveGrants(own.account)).toBe(0)
  })

  test('of which one connects while a revocation waits: it is never asked for', async () => {
    const { own, person, id } = await ownConnection()
    here.google.control.fail({ on: 'POST /revoke', status: 503, times: 1 })
    await disconnect(person, { id })
    const other = await here.connected(await here.person(), own)
    await retryRevocations(ahead(HOUR_MS))
    expect(here.google.control.liveGrants(own.account)).toBe(2)
    expect((await receiptOf(person, id))?.provider.outcome).toBe('in_use')
    await freshAccessToken(other.place)
  })

  test('of which one was granted something before the provider ended all: it is told to come back', async () => {
    const { own, person, id } = await ownConnection()
    const other = await here.person()
    const answer = here.back(await beginConnection(other, input), own)
    expect((await disconnect(person, { id })).provider.outcome).toBe('revoked')
    // Its code was exchanged five seconds ago.
    const slow = finishConnection(other, answer, ahead(-5_000))
    await expect(slow).rejects.toEqual(code('provider_unavailable'))
    expect((await listDataSources(other, { limit: 50 })).data).toEqual([])
  })

  test('of which one connects while the provider is being asked: it is told to come back, not connected and lost', async () => {
    const { own, person, id } = await ownConnection()
    here.google.control.fail({ on: 'POST /revoke', status: 200, delayMs: 400, times: 1 })
    here.google.control.forgetCalls()
    const ending = disconnect(person, { id })
    const other = await here.person()
    const answer = here.back(await beginConnection(other, input), own)
    while (here.google.control.count('POST /revoke') === 0) await new Promise(setImmediate)
    await expect(finishConnection(other, answer)).rejects.toEqual(code('provider_unavailable'))
    // The one or the other, which gives its grant back, comes first.
    expect((await ending).provider.outcome).toMatch(/^(?:already_)?revoked$/)
    expect((await listDataSources(other, { limit: 50 })).data).toEqual([])
    const again = await here.connected(other, own)
    await freshAccessToken(again.place)
  })

  test('connect under the account’s lock: who ends the other one waits, and sees the new one', async () => {
    const { own, person, id } = await ownConnection()
    const other = await here.person()
    const answer = here.back(await beginConnection(other, input), own)
    let ending: ReturnType<typeof disconnect> | undefined
    let connecting: ReturnType<typeof finishConnection> | undefined
    await inTransaction(async (tx) => {
      await lockAccount(tx, { provider, accountId: own.account })
      connecting = finishConnection(other, answer)
      const waiting = async () => {
        const [row] = await tx.$queryRaw<{ n: bigint }[]>`
          select count(*) as n from pg_locks where locktype = 'advisory' and not granted`
        return Number(row?.n ?? 0)
      }
      while ((await waiting()) < 1) await new Promise(setImmediate)
      ending = disconnect(person, { id })
      while ((await waiting()) < 2) await new Promise(setImmediate)
    })
    const { id: made } = (await connecting) ?? { id: '' }
    expect((await ending)?.provider.outcome).toBe('in_use')
    await freshAccessToken({ organizationId: other.organizationId, dataSourceId: made })
  })
})

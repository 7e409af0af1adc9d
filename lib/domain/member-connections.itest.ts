import { beforeEach, describe, expect, test } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { db, inTransaction } from '../store/db'
import { beginConnection } from './connection-flows'
import { lockAccount, retryRevocations } from './connection-revocations'
import { freshAccessToken } from './connection-tokens'
import { disconnect, finishConnection } from './connections'
import { deleteDataSource, getDataSource } from './data-sources'
import { getMember, leaveOrganization, removeMember } from './member-removal'
import { addMember } from './organizations'
import { ahead, connectingWorld, HOUR_MS, input, provider } from './testing/connecting'
import { code } from './testing/refusal'
import { auditOf, personOf } from './testing/tenants'
import { begun, untilWaiting } from './testing/waiting'

const KEEP = { api_keys: 'keep', connections: 'keep', invitations: 'keep' } as const
const END = { ...KEEP, connections: 'disconnect' } as const

const here = connectingWorld()
let owner: UserPrincipal
let leaver: UserPrincipal
beforeEach(async () => {
  owner = await here.person('owner')
  leaver = await personOf(owner.organizationId, 'admin')
})

/** The leaver in another organization. */
async function elsewhere(): Promise<UserPrincipal> {
  const { organizationId } = await here.person()
  await inTransaction((tx) => addMember(tx, { organizationId, userId: leaver.userId, role: 'admin' }))
  return { ...leaver, organizationId }
}
const connectionsOf = async ({ userId: id }: UserPrincipal) =>
  (await getMember(owner, { id })).leaves_behind.connections
const statusOf = async (id: string) => (await getDataSource(owner, { id })).status
const end = () => removeMember(owner, { id: leaver.userId, ...END })
const disconnections = async () =>
  (await auditOf(owner.organizationId)).filter(({ action }) => action === 'data_source.disconnected')

describe('connections on the grant of a member who is removed', () => {
  test('are shown: theirs, in this organization, and none that is disconnected', async () => {
    const own = here.account()
    const [failed, well] = [await here.connected(leaver), await here.connected(leaver, own)]
    await db().connection.update({
      where: { dataSourceId: failed.id },
      data: { state: 'connection_failed', failureCode: 'refresh_refused' },
    })
    await disconnect(leaver, await here.connected(leaver, here.account()))
    await here.connected(owner, here.account())
    await here.connected(await elsewhere(), here.account())
    expect(await connectionsOf(leaver)).toEqual([
      {
        id: well.id,
        name: 'Drive',
        provider,
        account_name: expect.stringContaining(own.account),
        environment: 'live',
      },
      expect.objectContaining({ id: failed.id }),
    ])
  })

  test('go on where they are to be kept', async () => {
    const { id, place } = await here.connected(leaver, here.account())
    const removed = await removeMember(owner, { id: leaver.userId, ...KEEP })
    expect(removed.connections_ended).toEqual([])
    expect(await statusOf(id)).toBe('connected')
    await freshAccessToken(place)
    expect(await disconnections()).toEqual([])
  })

  test('end where that is chosen: tokens at once, the provider soon after, and nobody else’s', async () => {
    const own = here.account()
    const theirs = await here.connected(leaver, own)
    const others = [
      await here.connected(owner, here.account()),
      await here.connected(await elsewhere(), here.account()),
    ]
    here.google.control.forgetCalls()
    expect((await end()).connections_ended).toEqual([theirs.id])
    expect(here.google.control.count('POST /revoke')).toBe(0)
    await expect(freshAccessToken(theirs.place)).rejects.toMatchObject({ kind: 'grant_refused' })
    expect(await db().oauthToken.count({ where: { connection: { dataSourceId: theirs.id } } })).toBe(0)
    await retryRevocations(ahead(1_000))
    expect(here.google.control.liveGrants(own.account)).toBe(0)
    expect((await getDataSource(owner, theirs)).connection?.receipt?.provider.outcome).toBe('revoked')
    for (const { place } of others) await freshAccessToken(place)
  })

  test('leave an audit row each, and are in that of the removal', async () => {
    const { id } = await here.connected(leaver, here.account())
    await end()
    expect((await auditOf(owner.organizationId)).slice(-2)).toMatchObject([
      {
        action: 'data_source.disconnected',
        actorId: owner.userId,
        targetId: id,
        before: { provider },
        after: { tokens_deleted: true, revocation: 'pending' },
      },
      { action: 'member.removed', after: { connections: 'disconnect', connections_ended: [id] } },
    ])
  })

  test('end here while the provider is down, which is asked again', async () => {
    const own = here.account()
    const { id } = await here.connected(leaver, own)
    here.google.control.fail({ on: 'POST /revoke', status: 503 })
    await end()
    await retryRevocations(ahead(1_000))
    const receipt = async () => (await getDataSource(owner, { id })).connection?.receipt?.provider
    expect(await receipt()).toMatchObject({ outcome: 'pending', next_at: expect.any(String) })
    here.google.control.heal()
    await retryRevocations(ahead(HOUR_MS))
    expect(await receipt()).toMatchObject({ outcome: 'revoked', next_at: null })
    expect(here.google.control.liveGrants(own.account)).toBe(0)
  })

  test('are not for a viewer who leaves to end, who may leave without; then nothing has ended', async () => {
    const { id, place } = await here.connected(leaver, here.account())
    const where = { organizationId_userId: { organizationId: owner.organizationId, userId: leaver.userId } }
    await db().membership.update({ where, data: { role: 'viewer' } })
    await expect(leaveOrganization(leaver, END)).rejects.toEqual(code('insufficient_role'))
    await freshAccessToken(place)
    expect(await disconnections()).toEqual([])
    expect(await leaveOrganization(leaver, KEEP)).toMatchObject({ connections_ended: [] })
    expect(await statusOf(id)).toBe('connected')
  })

  test('are locked by account first, and stay where somebody else reconnected them meanwhile', async () => {
    const accounts = [here.account(), here.account()].sort((a, b) => (a.account < b.account ? -1 : 1))
    const [first, second] = accounts as [{ account: string }, { account: string }]
    // Made in the other order than they are locked in.
    const two = await here.connected(leaver, second)
    const one = await here.connected(leaver, first)
    let ending: ReturnType<typeof end> | undefined
    await inTransaction(async (tx) => {
      await lockAccount(tx, { provider, accountId: second.account })
      ending = end()
      const isWaiting = async () => {
        const [row] = await tx.$queryRaw<{ n: bigint }[]>`
          select count(*) as n from pg_locks where locktype = 'advisory' and not granted`
        return Number(row?.n ?? 0) > 0
      }
      while (!(await isWaiting())) await new Promise(setImmediate)
      const [held] = await tx.$queryRaw<{ free: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${`${provider} ${first.account}`}, 6)) as free`
      expect(held).toEqual({ free: false })
      // Whoever holds an account may go on to any row.
      await tx.$queryRaw`select 1 from connections where data_source_id = ${one.id} for update nowait`
      const data = { connectedById: owner.userId }
      await tx.connection.update({ where: { dataSourceId: two.id }, data })
    })
    expect((await ending)?.connections_ended).toEqual([one.id])
    await freshAccessToken(two.place)
  })

  describe('that they finish making at that moment', () => {
    test('are not made where the removal came first, and what was granted is given back', async () => {
      const own = here.account()
      const answer = here.back(await beginConnection(leaver, input), own)
      const { removal, finish } = await inTransaction(async (tx) => {
        const { organizationId, userId } = leaver
        await tx.$queryRaw`
          select 1 from memberships where organization_id = ${organizationId} and user_id = ${userId} for share`
        const removal = begun(end())
        await untilWaiting(tx, 1)
        const finish = begun(finishConnection(leaver, answer))
        await untilWaiting(tx, 2, () => finish.isOver)
        return { removal, finish }
      })
      expect(await removal.outcome).toMatchObject({ value: { removed: true, connections_ended: [] } })
      expect(await finish.outcome).toMatchObject({ reason: { code: 'insufficient_role' } })
      expect(await db().connection.count({ where: { organizationId: owner.organizationId } })).toBe(0)
      expect(here.google.control.liveGrants(own.account)).toBe(0)
    })

    test('end with the others where the removal came second', async () => {
      const own = here.account()
      const answer = here.back(await beginConnection(leaver, input), own)
      const { removal, finish } = await inTransaction(async (tx) => {
        await lockAccount(tx, { provider, accountId: own.account })
        const finish = begun(finishConnection(leaver, answer))
        await untilWaiting(tx, 1)
        const removal = begun(end())
        await untilWaiting(tx, 2, () => removal.isOver)
        return { removal, finish }
      })
      const made = await finish.outcome
      const id = made.status === 'fulfilled' ? made.value.id : ''
      expect(await removal.outcome).toMatchObject({ value: { connections_ended: [id] } })
      expect((await getDataSource(owner, { id })).connection?.state).toBe('disconnected')
    })

    test('are not made by whoever became a viewer at the provider', async () => {
      const answer = here.back(await beginConnection(leaver, input), here.account())
      const where = {
        organizationId_userId: { organizationId: leaver.organizationId, userId: leaver.userId },
      }
      await db().membership.update({ where, data: { role: 'viewer' } })
      await expect(finishConnection(leaver, answer)).rejects.toEqual(code('insufficient_role'))
    })
  })

  test('do not wait for a source that is being deleted, which waits for their account', async () => {
    const { id } = await here.connected(leaver, here.account())
    await inTransaction(async (tx) => {
      await tx.$queryRaw`select 1 from data_sources where id = ${id} for update`
      expect((await end()).connections_ended).toEqual([id])
    })
    expect(await deleteDataSource(owner, { id })).toEqual({ id, deleted: true })
  })
})

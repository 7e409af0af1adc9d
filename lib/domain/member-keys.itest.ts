import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { backgroundSettled } from '../store/background'
import { closeDb, db, inTransaction } from '../store/db'
import { inviteMember, listInvitations } from './invitations'
import { removeMember } from './member-removal'
import { plantKey, warmUp } from './testing/keys'
import { personOf, tenant } from './testing/tenants'

beforeAll(warmUp)
afterAll(async () => {
  await backgroundSettled()
  await closeDb()
})

test('a key that somebody makes while they are being removed with their keys is revoked with the others', async () => {
  const organizationId = (await tenant()).organization.id
  const [owner, leaver] = [await personOf(organizationId, 'owner'), await personOf(organizationId, 'admin')]
  await inviteMember(leaver, { email: `${randomUUID()}@keys.example`, role: 'viewer' })
  const [invitation] = (await listInvitations(owner, { limit: 1 })).data
  const make = async () => (await plantKey(organizationId, { createdById: leaver.userId })).id
  const first = await make()
  let removal: ReturnType<typeof removeMember> | undefined
  let second = ''
  await inTransaction(async (tx) => {
    // Their keys are seen to before their invitations.
    await tx.$queryRaw`select 1 from invitations where id = ${invitation?.id} for update`
    const choices = { api_keys: 'revoke', connections: 'keep', invitations: 'withdraw' } as const
    removal = removeMember(owner, { id: leaver.userId, ...choices })
    removal.catch(() => {})
    for (let isWaiting = false; !isWaiting; ) {
      const rows = await tx.$queryRaw<unknown[]>`select 1 from pg_locks where not granted`
      isWaiting = rows.length > 0
    }
    second = await make()
  })
  const revoked = (await removal)?.api_keys_revoked.map(({ id }) => id)
  expect(revoked?.sort()).toEqual([first, second].sort())
  expect(await db().apiKey.count({ where: { organizationId, revokedAt: null } })).toBe(0)
})

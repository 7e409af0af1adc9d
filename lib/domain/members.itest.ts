import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Role, roles, type UserPrincipal } from '../core/principal'
import { nodeEnv } from '../env/node'
import { closeDb, db, isDatabaseOutage } from '../store/db'
import { createApiKey, insertKey, mintKey } from './api-keys'
import { inviteMember, listInvitations } from './invitations'
import { changeMemberRole, pageMembers } from './members'
import { auditOf, dropOrganization, keyOf, personOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })
const OWNERS = 100

let organizationId = ''
let owner: UserPrincipal
beforeAll(async () => {
  organizationId = (await tenant()).organization.id
  owner = await personOf(organizationId, 'owner')
})
afterAll(closeDb)

async function roleNow(userId: string, place = organizationId): Promise<Role | undefined> {
  const where = { organizationId_userId: { organizationId: place, userId } }
  return (await db().membership.findUnique({ where }))?.role
}

const ownersOf = (place: string) => db().membership.count({ where: { organizationId: place, role: 'owner' } })

/** An organization with so many owners, written directly: only their memberships matter. */
async function crowd(size = OWNERS) {
  const { organization, operator } = await tenant()
  const ids = Array.from({ length: size }, (_, n) => `user_${organization.id.slice(4)}${n}`)
  await db().user.createMany({
    data: ids.map((id) => ({ id, email: `${id.toLowerCase()}@crowd.example`, name: 'Owner' })),
  })
  await db().membership.createMany({
    data: ids.map((userId) => ({ organizationId: organization.id, userId, role: 'owner' as const })),
  })
  const people = ids.map(
    (userId): UserPrincipal => ({
      kind: 'user',
      userId,
      sessionId: 'sess_test',
      organizationId: organization.id,
      role: 'owner',
      environment: 'live',
    }),
  )
  return { id: organization.id, operator, people }
}

/** What the pool had no room for is tried again: it was not judged. */
async function judged<T>(work: () => Promise<T>): Promise<'done' | string> {
  for (;;) {
    try {
      await work()
      return 'done'
    } catch (error) {
      if (!isDatabaseOutage(error)) return (error as { code?: string }).code ?? String(error)
    }
  }
}

function tally(outcomes: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

describe('100 demotions at once leave one owner', () => {
  it('when each of 100 owners demotes themself', async () => {
    const { id, people } = await crowd()
    const outcomes = await Promise.all(
      people.map((person) => judged(() => changeMemberRole(person, { id: person.userId, role: 'admin' }))),
    )
    expect(tally(outcomes)).toEqual({ done: OWNERS - 1, conflict: 1 })
    expect(await ownersOf(id)).toBe(1)
  })

  it('when the operator demotes all of them', async () => {
    const { id, operator, people } = await crowd()
    const outcomes = await Promise.all(
      people.map(({ userId }) => judged(() => changeMemberRole(operator, { id: userId, role: 'viewer' }))),
    )
    expect(tally(outcomes)).toEqual({ done: OWNERS - 1, conflict: 1 })
    expect(await ownersOf(id)).toBe(1)
  })

  it('when each demotes the next, those who were demoted themselves being refused', async () => {
    const { id, people } = await crowd()
    const outcomes = await Promise.all(
      people.map((person, n) => {
        const next = people[(n + 1) % OWNERS]
        return judged(() => changeMemberRole(person, { id: next?.userId ?? '', role: 'member' }))
      }),
    )
    const { done = 0, insufficient_role: refused = 0, conflict = 0 } = tally(outcomes)
    expect(done + refused + conflict).toBe(OWNERS)
    expect(await ownersOf(id)).toBe(OWNERS - done)
    expect(await ownersOf(id)).toBeGreaterThanOrEqual(1)
  })

  it('when plain SQL takes them away over 20 connections, by demotion and removal, without any code of ours', async () => {
    const { id, people } = await crowd()
    const clients = Array.from({ length: 20 }, () => new pg.Client(nodeEnv().databaseUrl))
    await Promise.all(clients.map((client) => client.connect()))
    const statements = [
      "UPDATE memberships SET role = 'admin' WHERE organization_id = $1 AND user_id = $2",
      'DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2',
    ]
    const byClient = clients.map(async (client, c) => {
      const outcomes: string[] = []
      for (let n = c; n < people.length; n += clients.length) {
        const values = [id, people[n]?.userId]
        outcomes.push(
          await client.query(statements[n % 2] ?? '', values).then(
            () => 'done',
            (error: { code?: string }) => String(error.code),
          ),
        )
      }
      return outcomes
    })
    const outcomes = (await Promise.all(byClient)).flat()
    await Promise.all(clients.map((client) => client.end()))
    expect(tally(outcomes)).toEqual({ done: OWNERS - 1, '23514': 1 })
    expect(await ownersOf(id)).toBe(1)
  })

  it('and one statement for all of them is refused as a whole', async () => {
    const { id } = await crowd(5)
    const all = { where: { organizationId: id } }
    await expect(db().membership.updateMany({ ...all, data: { role: 'member' } })).rejects.toThrow(
      'last owner',
    )
    await expect(db().membership.deleteMany(all)).rejects.toThrow('last owner')
    expect(await ownersOf(id)).toBe(5)
    await dropOrganization(id)
  })
})

describe('a change of role', () => {
  // By hand from spec.md G1: who may change whom to what. `-`: insufficient_role.
  const table: Array<[actor: Role | 'key', target: Role, allowed: Role[]]> = [
    ['viewer', 'viewer', []],
    ['viewer', 'owner', []],
    ['member', 'viewer', []],
    ['member', 'admin', []],
    ['admin', 'viewer', ['viewer', 'member', 'admin']],
    ['admin', 'member', ['viewer', 'member', 'admin']],
    ['admin', 'admin', ['viewer', 'member', 'admin']],
    ['admin', 'owner', []],
    ['key', 'member', ['viewer', 'member', 'admin']],
    ['key', 'owner', []],
    ['owner', 'viewer', ['viewer', 'member', 'admin', 'owner']],
    ['owner', 'admin', ['viewer', 'member', 'admin', 'owner']],
    ['owner', 'owner', ['viewer', 'member', 'admin', 'owner']],
  ]
  it.each(table)('by %s of %s reaches %j', async (actor, target, allowed) => {
    const principal =
      actor === 'key' ? keyOf(organizationId, ['admin']) : await personOf(organizationId, actor)
    for (const role of roles) {
      const { userId: id } = await personOf(organizationId, target)
      const change = changeMemberRole(principal, { id, role })
      if (allowed.includes(role)) {
        expect(await change).toMatchObject({ id, role })
        expect(await roleNow(id)).toBe(role)
      } else {
        await expect(change, role).rejects.toEqual(code('insufficient_role'))
        expect(await roleNow(id)).toBe(target)
      }
    }
  })

  it('goes by the role that the caller has now, not by the one that their request began with', async () => {
    const admin = await personOf(organizationId, 'admin')
    const { userId: id } = await personOf(organizationId, 'member')
    await changeMemberRole(owner, { id: admin.userId, role: 'member' })
    await expect(changeMemberRole(admin, { id, role: 'viewer' })).rejects.toEqual(code('insufficient_role'))
    await expect(inviteMember(admin, { email: 'x@members.example', role: 'viewer' })).rejects.toEqual(
      code('insufficient_role'),
    )
  })

  it('is audited with before and after, once, and not at all where nothing changes', async () => {
    const { userId: id } = await personOf(organizationId, 'member')
    await changeMemberRole(owner, { id, role: 'admin' })
    await changeMemberRole(owner, { id, role: 'admin' })
    const rows = (await auditOf(organizationId)).filter(({ targetId }) => targetId === id)
    expect(rows).toMatchObject([
      { action: 'member.role_changed', before: { role: 'member' }, after: { role: 'admin' } },
    ])
  })

  it('withdraws what the person invited to above the new role, and nothing else', async () => {
    const admin = await personOf(organizationId, 'admin')
    const sent = async (role: Role) => {
      const invitation = await inviteMember(admin, { email: `${role}-${admin.userId}@members.example`, role })
      return invitation.id
    }
    const [above, below] = [await sent('admin'), await sent('member')]
    await changeMemberRole(owner, { id: admin.userId, role: 'member' })
    const open = (await listInvitations(owner, { limit: 200 })).data.map(({ id }) => id)
    expect(open).toContain(below)
    expect(open).not.toContain(above)
  })

  it('is another organization’s to nobody, and a Test key’s to none', async () => {
    const stranger = await personOf((await tenant()).organization.id, 'owner')
    const { userId: id } = await personOf(organizationId, 'member')
    await expect(changeMemberRole(stranger, { id, role: 'admin' })).rejects.toEqual(code('not_found'))
    const testKey = keyOf(organizationId, ['admin'], 'test')
    await expect(changeMemberRole(testKey, { id, role: 'admin' })).rejects.toEqual(code('conflict'))
    expect(await roleNow(id)).toBe('member')
  })
})

describe('a key does no more than its maker', () => {
  const input = { name: 'CI', environment: 'live' as const }

  it('and a demotion takes nothing from keys that are made: they are the organization’s', async () => {
    const admin = await personOf(organizationId, 'admin')
    const { id } = await createApiKey(admin, { ...input, scopes: ['admin'] })
    await changeMemberRole(owner, { id: admin.userId, role: 'viewer' })
    const row = await db().apiKey.findUniqueOrThrow({ where: { id } })
    expect(row).toMatchObject({ scopes: ['admin'], revokedAt: null, disabledAt: null })
  })

  it('when the role goes while the key is being made', async () => {
    const admin = await personOf(organizationId, 'admin')
    const minted = await mintKey('live')
    const facts = { name: 'CI', scopes: ['admin' as const] }
    await changeMemberRole(owner, { id: admin.userId, role: 'member' })
    const late = db().$transaction((tx) => insertKey(tx, admin, minted, facts))
    await expect(late).rejects.toEqual(code('insufficient_role'))
  })

  it('by the database itself: a row that says otherwise is refused', async () => {
    const plant = (createdById: string, scopes: Array<'read' | 'admin'>) =>
      db().apiKey.create({
        data: {
          id: `key_${createdById.slice(5, 12)}${scopes.join('')}`,
          organizationId,
          name: 'Planted',
          environment: 'live',
          scopes,
          start: 'a1b2',
          last4: 'wxyz',
          secretHash: 'none',
          createdById,
        },
      })
    const [viewer, member, admin] = [
      await personOf(organizationId, 'viewer'),
      await personOf(organizationId, 'member'),
      await personOf(organizationId, 'admin'),
    ]
    const stranger = await personOf((await tenant()).organization.id, 'owner')
    for (const { userId, scopes } of [
      { ...viewer, scopes: ['read' as const] },
      { ...member, scopes: ['read' as const, 'admin' as const] },
      { ...stranger, scopes: ['read' as const] },
    ]) {
      await expect(plant(userId, scopes)).rejects.toThrow('could do more than its maker')
    }
    await plant(member.userId, ['read'])
    await plant(admin.userId, ['admin'])
  })
})

it('members are listed page by page, newest first, each once', async () => {
  const place = (await tenant()).organization.id
  const people = []
  for (let n = 0; n < 5; n++) people.push(await personOf(place, 'owner'))
  const seen: string[] = []
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await pageMembers(people[0] as UserPrincipal, { limit: 2, cursor })
    seen.push(...page.data.map(({ id }) => id))
    cursor = page.next_cursor ?? undefined
    more = page.has_more
  }
  expect(seen).toEqual(people.map(({ userId }) => userId).reverse())
})

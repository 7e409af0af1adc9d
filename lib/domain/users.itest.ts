import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { closeDb, db } from '../store/db'
import {
  auditForPerson,
  createOrganization,
  findOrganization,
  listMembers,
  listOrganizations,
} from './organizations'
import { auditOf, personOf, tenant } from './testing/tenants'
import { createUser, listUsers, updateProfile } from './users'

const PASSWORD = 'violet harbour lamp 42'
const code = (value: string) => expect.objectContaining({ code: value })

let email = ''
beforeEach(() => {
  email = `${randomUUID()}@users.example`
})
afterAll(closeDb)

describe('createUser', () => {
  it('puts the person into the organization named by slug or id, as a member unless told otherwise', async () => {
    const { organization } = await tenant()
    const first = await createUser({ email, password: PASSWORD, organization: organization.slug })
    const admin = {
      email: `a-${email}`,
      password: PASSWORD,
      organization: organization.id,
      role: 'admin' as const,
    }
    await createUser(admin)
    const people = await listUsers(organization.id)
    expect(people.find(({ id }) => id === first.id)?.memberships).toEqual([
      { organizationId: organization.id, slug: organization.slug, role: 'member' },
    ])
    expect(people.map(({ memberships }) => memberships[0]?.role).sort()).toEqual(['admin', 'member'])
    expect(await auditOf(organization.id)).toContainEqual(
      expect.objectContaining({ action: 'member.added', actorKind: 'operator', targetId: first.id }),
    )
  })

  it('gives an organization of their own to who is put into none', async () => {
    const { id } = await createUser({ email, password: PASSWORD, name: 'Ada Lovelace' })
    const membership = await db().membership.findFirst({
      where: { userId: id },
      include: { organization: true },
    })
    expect(membership).toMatchObject({
      role: 'owner',
      organization: { name: "Ada's organization", plan: 'free' },
    })
  })

  it('knows one form of an address, and makes no second account for another spelling', async () => {
    await createUser({ email: `  ${email.toUpperCase()} `, password: PASSWORD })
    await expect(createUser({ email, password: PASSWORD })).rejects.toEqual(code('conflict'))
    await expect(createUser({ email: 'a＠users.example', password: PASSWORD })).rejects.toEqual(
      code('invalid_request'),
    )
  })

  it('refuses a short or guessable password and an organization that is not there, and makes nobody', async () => {
    await expect(createUser({ email, password: 'short' })).rejects.toEqual(code('invalid_request'))
    await expect(createUser({ email, password: 'password1234' })).rejects.toEqual(code('invalid_request'))
    await expect(createUser({ email, password: PASSWORD, organization: 'nowhere' })).rejects.toEqual(
      code('not_found'),
    )
    expect(await db().user.count({ where: { email } })).toBe(0)
  })
})

describe('a name given by the operator', () => {
  it('holds no line break or other control character, of a person or an organization', async () => {
    for (const name of ['Acme\r\nBcc: eve@evil.example', 'A\u0000cme', 'A\u2028cme', 'x'.repeat(101)]) {
      await expect(createOrganization({ name })).rejects.toEqual(code('invalid_request'))
      await expect(createUser({ email, password: PASSWORD, name })).rejects.toEqual(code('invalid_request'))
    }
    await expect(createOrganization({ name: ' ' })).rejects.toEqual(code('invalid_request'))
    expect(await db().user.count({ where: { email } })).toBe(0)
  })
})

describe('updateProfile', () => {
  it('renames the caller and leaves an audit row in each of their organizations', async () => {
    const [first, second] = [await tenant(), await tenant()]
    const person = await personOf(first.organization.id, 'member')
    const organizationId = second.organization.id
    await db().membership.create({ data: { organizationId, userId: person.userId, role: 'viewer' } })
    expect(await updateProfile(person, { name: 'Grace' })).toMatchObject({ name: 'Grace' })
    await updateProfile(person, { name: 'Grace' })
    for (const { organization } of [first, second]) {
      const rows = (await auditOf(organization.id)).filter(({ action }) => action === 'user.renamed')
      expect(rows).toMatchObject([{ actorId: person.userId, after: { name: 'Grace' } }])
    }
  })
})

describe('organizations', () => {
  it('get a slug of their own when the name is taken, and refuse a given one that is taken or malformed', async () => {
    const name = `Acme ${randomUUID()}`
    const [first, second] = [await createOrganization({ name }), await createOrganization({ name })]
    expect(second.slug).not.toBe(first.slug)
    expect(second.slug).toMatch(/^[a-z0-9-]{1,48}$/)
    await expect(createOrganization({ name, slug: first.slug })).rejects.toEqual(code('conflict'))
    for (const slug of ['', 'UPPER', '-x', 'x-', 'a_b', 'x'.repeat(49)]) {
      await expect(createOrganization({ name, slug })).rejects.toEqual(code('invalid_request'))
    }
    expect(await findOrganization(first.slug)).toEqual(first)
    expect(await findOrganization(first.id)).toEqual(first)
    expect((await listOrganizations()).map(({ id }) => id)).toContain(second.id)
  })

  it('made with the same name at the same moment are all made', async () => {
    const name = `Twins ${randomUUID()}`
    const made = await Promise.all(Array.from({ length: 6 }, () => createOrganization({ name })))
    expect(new Set(made.map(({ slug }) => slug)).size).toBe(6)
  })

  it('list their own members alone', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const me = await personOf(mine.organization.id, 'member')
    await personOf(theirs.organization.id, 'owner')
    expect((await listMembers(me)).map(({ userId }) => userId)).toEqual([me.userId])
  })

  it('have nothing written about somebody who belongs to none', async () => {
    const before = await db().auditLog.count()
    await db().$transaction((tx) => auditForPerson(tx, 'user_nobody', {}, { action: 'user.renamed' }))
    expect(await db().auditLog.count()).toBe(before)
  })
})

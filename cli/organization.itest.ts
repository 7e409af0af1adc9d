import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { setLimit } from '../lib/domain/plans'
import { plantConnection } from '../lib/domain/testing/connected'
import { personOf, tenant } from '../lib/domain/testing/tenants'
import { closeDb, db } from '../lib/store/db'
import { documentOf, obey } from './testing/twig'

afterAll(closeDb)

const Member = z.looseObject({ id: z.string(), role: z.string() })
const json = async <T extends z.ZodType>(shape: T, args: string[]) =>
  documentOf(shape, await obey([...args, '--json']))

const accountOf = (id: string) => ({ id, name: 'ada', workspace: null })

async function emailOf(userId: string): Promise<string> {
  return (await db().user.findUniqueOrThrow({ where: { id: userId } })).email
}

test('the command line acts above roles, and leaves an owner all the same', async () => {
  const { organization } = await tenant()
  const owner = await personOf(organization.id, 'owner')
  const member = await personOf(organization.id, 'member')
  const of = async (id: string) => ['--org', organization.slug, '--email', await emailOf(id)]
  const lastOwner = async (args: string[]) => {
    const { code, err } = await obey([...args, '--json'])
    expect({ code, error: JSON.parse(err).code, last: JSON.parse(err).last_owner }).toEqual({
      code: 1,
      error: 'conflict',
      last: true,
    })
  }
  await lastOwner(['member', 'set-role', ...(await of(owner.userId)), '--role', 'admin'])
  await lastOwner(['member', 'remove', ...(await of(owner.userId))])
  const promoted = await json(Member, ['member', 'set-role', ...(await of(member.userId)), '--role', 'owner'])
  expect(promoted).toMatchObject({ id: member.userId, role: 'owner' })
  await json(Member, ['member', 'set-role', ...(await of(owner.userId)), '--role', 'viewer'])
  const removed = await json(z.looseObject({ id: z.string() }), [
    'member',
    'remove',
    ...(await of(owner.userId)),
  ])
  expect(removed.id).toBe(owner.userId)
  const left = await json(z.array(Member), ['member', 'list', '--org', organization.id])
  expect(left.map(({ id, role }) => ({ id, role }))).toEqual([{ id: member.userId, role: 'owner' }])
})

test('removing a member disconnects what reads with their account where that is said, and keeps it otherwise', async () => {
  const { organization } = await tenant()
  const place = { organizationId: organization.id, environment: 'live' } as const
  const remove = async (...more: string[]) => {
    const { userId } = await personOf(organization.id, 'member')
    const { id } = await plantConnection(place, { connectedById: userId, account: accountOf(userId) })
    const words = ['member', 'remove', '--org', organization.slug, '--email', await emailOf(userId)]
    const { code, out } = await obey([...words, ...more])
    const { state } = await db().connection.findUniqueOrThrow({ where: { dataSourceId: id } })
    return { code, out, state, id }
  }
  expect(await remove()).toMatchObject({ code: 0, state: 'connected' })
  const ended = await remove('--connections', 'disconnect')
  expect(ended).toMatchObject({ code: 0, state: 'disconnected' })
  expect(ended.out).toContain('0 sessions and one connection ended.')
  const told = await remove('--connections', 'disconnect', '--json')
  expect(JSON.parse(told.out)).toMatchObject({ connections_ended: [told.id] })
  expect(await remove('--connections', 'revoke')).toMatchObject({ code: 2, state: 'connected' })
})

test('a lower plan says what it would switch off, and does it with --yes alone', async () => {
  const { organization, operator } = await tenant('enterprise')
  const set = (plan: string, ...more: string[]) =>
    obey(['plan', 'set', '--org', organization.slug, '--plan', plan, ...more, '--json'])
  const planNow = async () =>
    (await db().organization.findUniqueOrThrow({ where: { id: organization.id } })).plan
  const Changed = z.looseObject({
    plan: z.string(),
    effects: z.array(z.looseObject({ feature: z.string() })),
  })
  // Nothing is in use: nothing is asked.
  expect(documentOf(Changed, await set('pro'))).toMatchObject({ plan: 'pro', effects: [] })
  await set('enterprise')
  await setLimit(operator, 'write', 100)
  const refused = await set('free')
  expect(refused.code).toBe(1)
  expect(JSON.parse(refused.err)).toMatchObject({
    code: 'conflict',
    effects: [{ feature: 'custom_limits', switches_off: true }],
  })
  expect(await planNow()).toBe('enterprise')
  expect(documentOf(Changed, await set('free', '--yes')).effects).toMatchObject([
    { feature: 'custom_limits' },
  ])
  expect(await planNow()).toBe('free')
})

test('an organization is deleted by its exact name, and by no other', async () => {
  const { organization } = await tenant()
  const words = ['org', 'delete', '--org', organization.slug, '--json', '--confirm']
  const wrong = await obey([...words, organization.name.toUpperCase()])
  expect({ code: wrong.code, error: JSON.parse(wrong.err).code }).toEqual({
    code: 1,
    error: 'invalid_request',
  })
  const gone = documentOf(z.looseObject({ id: z.string() }), await obey([...words, organization.name]))
  expect(gone).toMatchObject({ id: organization.id, deleted: true, in_force: true })
  expect(await db().organization.count({ where: { id: organization.id } })).toBe(0)
})

import { expect, test } from 'vitest'
import { db } from '../store/db'
import { checkHealth } from './health'
import { isFirstOrganization } from './organizations'
import { dropOrganization, keyOf, personOf, tenant } from './testing/tenants'

const TEST_MS = 60_000

test(
  'owners are told what the doctor finds; its details are for those of the first organization',
  async () => {
    const { organization: first } = await tenant()
    const { organization } = await tenant()
    await db().installation.update({ where: { id: 'twig' }, data: { firstOrganizationId: first.id } })
    const [whole, other] = await Promise.all([
      checkHealth(await personOf(first.id, 'owner')),
      checkHealth(await personOf(organization.id, 'owner')),
    ])
    expect([whole.isWhole, other.isWhole]).toEqual([true, false])
    const checks = whole.findings.map(({ check }) => check)
    expect(checks).toEqual(
      expect.arrayContaining(['node', 'secrets', 'postgres', 'redis', 'app_url', 'cookie']),
    )
    for (const finding of whole.findings) expect(finding).toHaveProperty('detail')
    expect(other.findings).toEqual(whole.findings.map(({ check, status }) => ({ check, status })))
  },
  TEST_MS,
)

test('the first organization stays the first when it is deleted, and nobody takes its place', async () => {
  await db().installation.deleteMany()
  const [{ organization: first }, { organization: next }] = [await tenant(), await tenant()]
  expect(await isFirstOrganization(first.id)).toBe(true)
  expect(await isFirstOrganization(next.id)).toBe(false)
  await dropOrganization(first.id)
  const { id: oldest } = await db().organization.findFirstOrThrow({ orderBy: { createdAt: 'asc' } })
  const { organization: last } = await tenant()
  for (const id of [oldest, next.id, last.id]) expect(await isFirstOrganization(id)).toBe(false)
})

test('nobody else is', async () => {
  const { organization } = await tenant()
  for (const role of ['viewer', 'member', 'admin'] as const) {
    const person = await personOf(organization.id, role)
    await expect(checkHealth(person)).rejects.toMatchObject({ code: 'insufficient_role' })
  }
  await expect(checkHealth(keyOf(organization.id, ['admin']))).rejects.toMatchObject({
    code: 'insufficient_role',
  })
})

import { expect, test } from 'vitest'
import { getOrganization, updateOrganization } from './organization-settings'
import { keyOf, personOf, tenant } from './testing/tenants'

test('a Test key does not change how long Live interactions are kept; a Live key and an admin do', async () => {
  const { organization } = await tenant()
  const testKey = keyOf(organization.id, ['admin'], 'test')
  for (const days of [1, null]) {
    await expect(updateOrganization(testKey, { interaction_retention_days: days })).rejects.toMatchObject({
      code: 'conflict',
    })
  }
  await updateOrganization(await personOf(organization.id, 'admin'), { interaction_retention_days: 30 })
  await updateOrganization(keyOf(organization.id, ['admin']), { interaction_retention_days: 60 })
  expect(await updateOrganization(testKey, { name: 'Renamed' })).toMatchObject({ name: 'Renamed' })
  expect(await getOrganization(testKey)).toMatchObject({ interaction_retention_days: 60 })
})

import { expect, test } from 'vitest'
import { OrganizationInput } from './organization-schemas'

const accepts = (input: object) => OrganizationInput.safeParse(input).success

test.each([
  ['interaction_retention_days', 1, 3650],
  ['usage_retention_days', 1, 30],
  ['audit_retention_days', 30, 3650],
])('%s is from %d to %d days, or for as long as without it', (name, least, most) => {
  for (const days of [least, most, null, undefined]) expect(accepts({ [name]: days }), `${days}`).toBe(true)
  for (const days of [least - 1, most + 1, least + 0.5, 0, -30, `${least}`])
    expect(accepts({ [name]: days }), `${days}`).toBe(false)
})

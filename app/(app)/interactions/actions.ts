'use server'

import { RetentionInput } from '@/lib/core/interaction-search'
import { OrganizationInput } from '@/lib/core/organization-schemas'
import { countOlder } from '@/lib/domain/interaction-search'
import { updateOrganization } from '@/lib/domain/organization-settings'
import { action } from '@/lib/http/action'

export const saveRetention = action(
  OrganizationInput.pick({ interaction_retention_days: true }),
  updateOrganization,
)
export const countOutdated = action(RetentionInput, countOlder)

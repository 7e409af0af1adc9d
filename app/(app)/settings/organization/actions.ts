'use server'

import { DeleteOrganizationInput, OrganizationInput } from '@/lib/core/organization-schemas'
import { EmptyInput } from '@/lib/core/schemas'
import { endAllSessions } from '@/lib/domain/organization-sessions'
import { updateOrganization } from '@/lib/domain/organization-settings'
import { action } from '@/lib/http/action'
import { deleteOrganizationHere } from '@/lib/http/sign-in'

export const saveOrganization = action(OrganizationInput, updateOrganization)
export const endEverySession = action(EmptyInput, endAllSessions)
export const removeOrganization = action(DeleteOrganizationInput, deleteOrganizationHere)

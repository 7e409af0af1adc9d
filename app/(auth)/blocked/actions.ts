'use server'

import { SwitchOrganizationInput } from '@/lib/core/schemas'
import { action } from '@/lib/http/action'
import { switchOrganizationHere } from '@/lib/http/sign-in'

export const leaveFor = action(SwitchOrganizationInput, switchOrganizationHere, 'anywhere')

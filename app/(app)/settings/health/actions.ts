'use server'

import { EmptyInput } from '@/lib/core/schemas'
import { checkHealth } from '@/lib/domain/health'
import { action } from '@/lib/http/action'

export const examine = action(EmptyInput, checkHealth)

'use server'

import { ContinueSsoInput } from '@/lib/core/sso-schemas'
import { publicAction } from '@/lib/http/action'
import { continueSsoHere } from '@/lib/http/sso'

export const continueSso = publicAction(ContinueSsoInput, continueSsoHere)

'use server'

import { ExplainInput } from '@/lib/core/explain-schemas'
import { explainRequest } from '@/lib/domain/explanations'
import { action } from '@/lib/http/action'

export const explain = action(ExplainInput, explainRequest)

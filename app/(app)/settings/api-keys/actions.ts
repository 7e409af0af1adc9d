'use server'

import { ApiKeyIdInput, CreateApiKeyInput } from '@/lib/core/schemas'
import { createApiKey, revokeApiKey } from '@/lib/domain/api-keys'
import { action } from '@/lib/http/action'

export const createKey = action(CreateApiKeyInput, createApiKey)
export const revokeKey = action(ApiKeyIdInput, revokeApiKey)

'use server'

import {
  ApiKeyIdInput,
  CreateApiKeyInput,
  RotateApiKeyInput,
  UpdateApiKeyInput,
} from '@/lib/core/key-schemas'
import { revokeApiKey, rotateApiKey, updateApiKey } from '@/lib/domain/api-key-changes'
import { createApiKey } from '@/lib/domain/api-keys'
import { keyUseToday } from '@/lib/domain/usage'
import { action } from '@/lib/http/action'

export const createKey = action(CreateApiKeyInput, createApiKey)
export const changeKey = action(UpdateApiKeyInput, updateApiKey)
export const rotateKey = action(RotateApiKeyInput, rotateApiKey)
export const revokeKey = action(ApiKeyIdInput, revokeApiKey)
export const lookUpUseToday = action(ApiKeyIdInput, keyUseToday)

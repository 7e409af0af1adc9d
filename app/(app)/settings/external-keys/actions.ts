'use server'

import {
  CreateExternalKeyInput,
  ExternalKeyIdInput,
  RenameExternalKeyInput,
  ReplaceExternalKeyInput,
} from '@/lib/core/external-key-schemas'
import {
  createExternalKey,
  deleteExternalKey,
  renameExternalKey,
  replaceExternalKey,
} from '@/lib/domain/external-key-changes'
import { checkExternalKey } from '@/lib/domain/external-key-checks'
import { action } from '@/lib/http/action'

export const addKey = action(CreateExternalKeyInput, createExternalKey)
export const replaceKey = action(ReplaceExternalKeyInput, replaceExternalKey)
export const renameKey = action(RenameExternalKeyInput, renameExternalKey)
export const checkKey = action(ExternalKeyIdInput, checkExternalKey)
export const deleteKey = action(ExternalKeyIdInput, deleteExternalKey)

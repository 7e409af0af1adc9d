'use server'

import {
  AllowlistPreviewInput,
  AllowlistRangeInput,
  RemoveRangeInput,
  SwitchInput,
} from '@/lib/core/protection-schemas'
import { EmptyInput } from '@/lib/core/schemas'
import {
  addAllowlistRange,
  removeAllowlistRange,
  switchAllowlist,
  switchConsoleCoverage,
} from '@/lib/domain/allowlist-changes'
import { confirmAllowlist } from '@/lib/domain/allowlist-confirmation'
import { previewAllowlist } from '@/lib/domain/allowlist-previews'
import { action } from '@/lib/http/action'

export const addRange = action(AllowlistRangeInput, addAllowlistRange)
export const removeRange = action(RemoveRangeInput, removeAllowlistRange)
export const switchList = action(SwitchInput, switchAllowlist)
export const switchConsole = action(SwitchInput, switchConsoleCoverage)
export const confirmList = action(EmptyInput, confirmAllowlist)
export const previewRange = action(AllowlistPreviewInput, previewAllowlist)

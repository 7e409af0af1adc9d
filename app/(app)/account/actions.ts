'use server'

import { ChangePasswordInput, EmptyInput, SessionIdInput, UpdateProfileInput } from '@/lib/core/schemas'
import { SocialProviderInput } from '@/lib/core/social'
import { changePassword as changePasswordOf } from '@/lib/domain/passwords'
import { endOtherSessions, endSession } from '@/lib/domain/sessions'
import { unlink } from '@/lib/domain/social-links'
import { updateProfile } from '@/lib/domain/users'
import { action } from '@/lib/http/action'
import { beginLinkingHere } from '@/lib/http/social'

export const saveProfile = action(UpdateProfileInput, updateProfile)
export const changePassword = action(ChangePasswordInput, changePasswordOf)
export const endOne = action(SessionIdInput, endSession)
export const endOthers = action(EmptyInput, endOtherSessions)
export const beginLinking = action(SocialProviderInput, beginLinkingHere)
export const unlinkProvider = action(SocialProviderInput, unlink)

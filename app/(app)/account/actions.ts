'use server'

import { ChangePasswordInput, EmptyInput, SessionIdInput, UpdateProfileInput } from '@/lib/core/schemas'
import { changePassword as changePasswordOf } from '@/lib/domain/passwords'
import { endOtherSessions, endSession } from '@/lib/domain/sessions'
import { updateProfile } from '@/lib/domain/users'
import { action } from '@/lib/http/action'

export const saveProfile = action(UpdateProfileInput, updateProfile)
export const changePassword = action(ChangePasswordInput, changePasswordOf)
export const endOne = action(SessionIdInput, endSession)
export const endOthers = action(EmptyInput, endOtherSessions)

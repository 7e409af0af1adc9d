'use server'

import { AcceptInvitationInput, RequestResetInput, ResetPasswordInput, SignUpInput } from '@/lib/core/schemas'
import { requestPasswordReset } from '@/lib/domain/passwords'
import { publicAction } from '@/lib/http/action'
import { acceptInvitationHere, confirmSignUpHere, resetPasswordHere, signUpHere } from '@/lib/http/sign-in'

export const signUp = publicAction(SignUpInput, signUpHere)
export const finishSignUp = publicAction(ResetPasswordInput, confirmSignUpHere)
export const requestReset = publicAction(RequestResetInput, requestPasswordReset)
export const resetPassword = publicAction(ResetPasswordInput, resetPasswordHere)
export const acceptInvitation = publicAction(AcceptInvitationInput, acceptInvitationHere)

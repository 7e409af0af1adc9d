'use server'

import { AcceptInvitationInput, RequestResetInput, ResetPasswordInput, SignUpInput } from '@/lib/core/schemas'
import { BeginSocialInput } from '@/lib/core/social'
import { BeginSsoInput } from '@/lib/core/sso-schemas'
import { requestPasswordReset } from '@/lib/domain/passwords'
import { publicAction } from '@/lib/http/action'
import { acceptInvitationHere, confirmSignUpHere, resetPasswordHere, signUpHere } from '@/lib/http/sign-in'
import { beginSocialHere, beginSsoHere } from '@/lib/http/social'

export const signUp = publicAction(SignUpInput, signUpHere)
export const finishSignUp = publicAction(ResetPasswordInput, confirmSignUpHere)
export const requestReset = publicAction(RequestResetInput, requestPasswordReset)
export const resetPassword = publicAction(ResetPasswordInput, resetPasswordHere)
export const acceptInvitation = publicAction(AcceptInvitationInput, acceptInvitationHere)
export const beginSso = publicAction(BeginSsoInput, beginSsoHere)
export const beginSocial = publicAction(BeginSocialInput, beginSocialHere)

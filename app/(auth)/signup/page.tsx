import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { HOME_PATH } from '@/lib/core/return-path'
import { mayAnyoneSignUp } from '@/lib/domain/sign-ups'
import { currentUser } from '@/lib/http/session'
import { AuthCard } from '../../_ui/auth-card'
import { ButtonLink } from '../../_ui/button-link'
import { SignUpForm } from './sign-up-form'

export const metadata: Metadata = { title: 'Sign up' }

export default async function SignUpPage() {
  if (await currentUser()) redirect(HOME_PATH)
  if (await mayAnyoneSignUp()) return <SignUpForm />
  return (
    <AuthCard
      title="Sign-up is by invitation"
      description="Ask an admin of your organization to invite you. The link comes by mail."
    >
      <ButtonLink href="/login">Sign in</ButtonLink>
    </AuthCard>
  )
}

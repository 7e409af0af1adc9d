import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { HOME_PATH } from '@/lib/core/return-path'
import { SOCIAL_NAMES } from '@/lib/core/social'
import { mayAnyoneSignUp } from '@/lib/domain/sign-ups'
import type { SearchParams } from '@/lib/http/page'
import { currentUser } from '@/lib/http/session'
import { configuredProviders } from '@/lib/store/social-client'
import { AuthCard } from '../../_ui/auth-card'
import { ButtonLink } from '../../_ui/button-link'
import { CheckMail } from '../check-mail'
import { SignUpForm } from './sign-up-form'

export const metadata: Metadata = { title: 'Sign up' }

export default async function SignUpPage({ searchParams }: { searchParams: SearchParams }) {
  if (await currentUser()) redirect(HOME_PATH)
  const { mailed } = await searchParams
  if (mailed === 'google' || mailed === 'microsoft') {
    return (
      <CheckMail again="/signup">
        We sent a mail to the address of your {SOCIAL_NAMES[mailed]} account that says how to go on. Its link
        works for 24 hours.
      </CheckMail>
    )
  }
  if (await mayAnyoneSignUp()) return <SignUpForm providers={configuredProviders()} />
  return (
    <AuthCard
      title="Sign-up is by invitation"
      description="Ask an admin of your organization to invite you. The link comes by mail."
    >
      <ButtonLink href="/login">Sign in</ButtonLink>
    </AuthCard>
  )
}

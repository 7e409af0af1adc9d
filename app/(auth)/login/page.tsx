import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { returnPath } from '@/lib/core/return-path'
import { mayAnyoneSignUp } from '@/lib/domain/sign-ups'
import type { SearchParams } from '@/lib/http/page'
import { currentUser } from '@/lib/http/session'
import { configuredProviders } from '@/lib/store/social-client'
import { AuthCard } from '../../_ui/auth-card'
import { TextLink } from '../../_ui/text-link'
import { one } from '../search'
import { LoginForm } from './login-form'
import { SignedOutNote } from './signed-out-note'

export const metadata: Metadata = { title: 'Sign in' }

export default async function LoginPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await searchParams
  const next = returnPath(one(query.next))
  if (await currentUser()) redirect(next)
  const wasSignedOut = one(query.code) === 'session_expired'
  return (
    <AuthCard
      title="Sign in to Twig"
      footer={
        (await mayAnyoneSignUp()) && (
          <p>
            No account yet? <TextLink href="/signup">Sign up</TextLink>
          </p>
        )
      }
    >
      <SignedOutNote reason={wasSignedOut ? (one(query.reason) ?? 'unknown') : undefined} />
      <LoginForm next={next} providers={configuredProviders()} />
    </AuthCard>
  )
}

import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { canonicalEmail } from '@/lib/core/email'
import { returnPath } from '@/lib/core/return-path'
import type { SearchParams } from '@/lib/http/page'
import { currentUser } from '@/lib/http/session'
import { AuthCard } from '../../_ui/auth-card'
import { TextLink } from '../../_ui/text-link'
import { one } from '../search'
import { SsoForm } from './sso-form'

export const metadata: Metadata = { title: 'Sign in with SSO' }

export default async function SsoPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await searchParams
  const next = returnPath(one(query.next))
  if (await currentUser()) redirect(next)
  return (
    <AuthCard
      title="Sign in with SSO"
      description="Your work address leads to your company’s sign-in page."
      footer={
        <p>
          <TextLink href={`/login?${new URLSearchParams({ next })}`}>Sign in another way</TextLink>
        </p>
      }
    >
      <SsoForm next={next} email={canonicalEmail(one(query.email) ?? '') ?? ''} />
    </AuthCard>
  )
}

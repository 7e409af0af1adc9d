import type { Metadata } from 'next'
import { previewSignUp } from '@/lib/domain/sign-ups'
import { DeadLink } from '../../dead-link'
import { FinishForm } from './finish-form'

export const metadata: Metadata = { title: 'Finish signing up' }

export default async function FinishSignUpPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params
  const pending = await previewSignUp(token)
  if (pending) return <FinishForm token={token} email={pending.email} />
  return (
    <DeadLink action={{ href: '/signup', label: 'Sign up again' }}>
      It works once, within 24 hours. If you have finished already, sign in instead.
    </DeadLink>
  )
}

import type { Metadata } from 'next'
import { previewReset } from '@/lib/domain/passwords'
import { DeadLink } from '../../dead-link'
import { ResetForm } from './reset-form'

export const metadata: Metadata = { title: 'Choose a new password' }

export default async function ResetTokenPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params
  const reset = await previewReset(token)
  if (reset) return <ResetForm token={token} email={reset.email} />
  return (
    <DeadLink action={{ href: '/reset', label: 'Ask for a new link' }}>
      It works once, within 60 minutes, and not after you signed in or set a password meanwhile.
    </DeadLink>
  )
}

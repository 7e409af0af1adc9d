import type { ReactNode } from 'react'
import { AuthCard } from '../_ui/auth-card'
import { ButtonLink } from '../_ui/button-link'

/** What a mailed link leads to that is used, replaced or past its time. */
export function DeadLink({
  children,
  action,
}: {
  children: ReactNode
  action: { href: string; label: string }
}) {
  return (
    <AuthCard title="This link does not work any more" description={children}>
      <ButtonLink href={action.href}>{action.label}</ButtonLink>
    </AuthCard>
  )
}

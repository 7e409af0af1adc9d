import type { ReactNode } from 'react'
import { AuthCard } from '../_ui/auth-card'
import { TextLink } from '../_ui/text-link'

/** What a form turns into that has sent a mail, or would have. `again` is the page to start over from. */
export function CheckMail({ again, children }: { again: string; children: ReactNode }) {
  return (
    <AuthCard
      title="Check your mail"
      footer={
        <>
          {/* A plain link: it must load the page anew, also where it leads to the page that is open. */}
          <p>
            Nothing there after some minutes? Look among the spam, or{' '}
            <a href={again} className="rounded-sm text-foreground underline underline-offset-4">
              start over
            </a>
            .
          </p>
          <p>
            <TextLink href="/login">Back to sign in</TextLink>
          </p>
        </>
      }
    >
      <p role="status" className="text-muted">
        {children}
      </p>
    </AuthCard>
  )
}

import type { Metadata } from 'next'
import { type ErrorCode, errorTable } from '@/lib/core/errors'
import { answerWithStatus } from '@/lib/http/outage-status'
import type { SearchParams } from '@/lib/http/page'
import { ButtonLink } from '../../../_ui/button-link'
import { ErrorState } from '../../../_ui/error-state'
import { TextLink } from '../../../_ui/text-link'
import { one } from '../../search'
import { failureOf } from './failures'

export const metadata: Metadata = { title: 'Sign-in failed' }

/** Only what looks like a reference of ours is shown: the address is anybody's to write. */
const REFERENCE = /^[\w-]{1,64}$/

export default async function AuthErrorPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await searchParams
  const reference = one(query.ref)
  const failure = failureOf(one(query.code))
  const code: ErrorCode = failure.code
  const { status } = errorTable[code]
  answerWithStatus(status, failure.retryAfterSeconds)
  return (
    <ErrorState
      code={String(status)}
      title={failure.title}
      reference={reference && REFERENCE.test(reference) ? reference : undefined}
      action={
        <>
          {failure.action && (
            <ButtonLink href={failure.action.href} variant="primary">
              {failure.action.label}
            </ButtonLink>
          )}
          <ButtonLink href="/login" variant={failure.action ? undefined : 'primary'}>
            Back to sign in
          </ButtonLink>
        </>
      }
      standalone
    >
      <p className="font-medium text-foreground">{failure.detail}</p>
      <p className="mt-1">{failure.advice}</p>
      <p className="mt-1">
        <TextLink href={`/docs/errors#${code}`} prefetch={false}>
          What this error means
        </TextLink>
      </p>
    </ErrorState>
  )
}

import type { Metadata } from 'next'
import { CONNECTORS, providerOfPath } from '@/lib/core/connectors'
import { errorTable } from '@/lib/core/errors'
import type { SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { ButtonLink } from '../../../_ui/button-link'
import { ErrorState } from '../../../_ui/error-state'
import { one } from '../../../(auth)/search'
import { connectFailureOf } from './failures'

export const metadata: Metadata = { title: 'Not connected' }

/** Only what looks like an id of ours is shown or linked: the address is anybody's to write. */
const ID = /^\w{1,64}$/

export default async function ConnectPage({ searchParams }: { searchParams: SearchParams }) {
  await requireUser()
  const query = await searchParams
  const provider = providerOfPath(one(query.provider))
  const connector = provider && CONNECTORS[provider]
  const failure = connectFailureOf(one(query.code), connector?.name ?? 'The provider')
  const missing = (one(query.missing) ?? '').split(',')
  const [source, reference] = [one(query.source), one(query.ref)]
  const hasSource = source !== undefined && ID.test(source) && failure.code !== 'not_found'
  return (
    <ErrorState
      code={String(errorTable[failure.code].status)}
      title={failure.title}
      reference={reference && ID.test(reference) ? reference : undefined}
      action={
        <ButtonLink href={hasSource ? `/data/${source}` : '/data'} variant="primary">
          {hasSource ? 'Back to the data source' : 'Back to Data'}
        </ButtonLink>
      }
    >
      <p className="font-medium text-foreground">{failure.detail}</p>
      {failure.code === 'scopes_missing' && (
        <ul className="mt-1 list-disc pl-5">
          {connector?.scopes
            .filter(({ scope }) => missing.includes(scope))
            .map(({ scope, why }) => (
              <li key={scope}>
                {why} <code className="wrap-anywhere text-xs">{scope}</code>
              </li>
            ))}
        </ul>
      )}
      <p className="mt-1">{failure.advice}</p>
    </ErrorState>
  )
}

import { KeyRound } from 'lucide-react'
import type { Metadata } from 'next'
import { mintableScopes } from '@/lib/core/principal'
import { listApiKeys } from '@/lib/domain/api-keys'
import { nodeEnv } from '@/lib/env/node'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { ButtonLink } from '../../../_ui/button-link'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Pagination } from '../../../_ui/pagination'
import { everyKey, KEYS_MAX } from './every-key'
import { GenerateKeyButton, KeyDialogs } from './key-dialogs'
import { KeyTable } from './key-table'
import { NotForViewers } from './not-for-viewers'
import { RiskStrip } from './risk-strip'
import { hasRisk, risks } from './risks'

export const metadata: Metadata = { title: 'API Keys' }

const PATH = '/settings/api-keys'

export default async function ApiKeysPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const query = await pageQueryOf(searchParams)
  const { show } = await searchParams
  const mintable = mintableScopes(principal.role)
  if (mintable.length === 0) return <NotForViewers />
  const [page, every] = await Promise.all([listApiKeys(principal, query), everyKey(principal)])
  const nowMs = Date.now()
  const filter = risks.find((risk) => risk === show) ?? null
  const keys = filter ? every.keys.filter((key) => hasRisk(filter, key, nowMs)) : page.data
  const counts = risks
    .map((risk) => ({ risk, count: every.keys.filter((key) => hasRisk(risk, key, nowMs)).length }))
    .filter(({ count }) => count > 0)
  const { appUrl } = nodeEnv()
  const none = every.keys.length === 0
  return (
    <KeyDialogs mintable={mintable} appUrl={appUrl}>
      <PageHeader
        title="API Keys"
        description="Your programs call the API with a key of this organization. A key does not expire; delete it when it is no longer needed."
        actions={!none && <GenerateKeyButton />}
      />
      <RiskStrip
        path={PATH}
        counts={counts}
        current={filter}
        scope={every.complete ? undefined : `Counted among the newest ${KEYS_MAX.toLocaleString('en')} keys.`}
      />
      {none && (
        <EmptyState
          icon={<KeyRound />}
          title="No API keys yet"
          action={<GenerateKeyButton />}
          samples={[
            {
              label: 'curl',
              code: `curl ${appUrl}/api/v1/agents \\\n  -H "Authorization: Bearer $TWIG_API_KEY"`,
            },
          ]}
        >
          Generate a key, put it in TWIG_API_KEY and run this.
        </EmptyState>
      )}
      {!none && keys.length === 0 && (
        <EmptyState
          icon={<KeyRound />}
          title="No key is left here"
          action={<ButtonLink href={PATH}>Show all keys</ButtonLink>}
        >
          Nothing of what was pointed out here needs attention any more.
        </EmptyState>
      )}
      {keys.length > 0 && <KeyTable keys={keys} mintable={mintable} />}
      {!filter && (
        <Pagination
          label="API key pages"
          previousHref={query.cursor ? PATH : undefined}
          nextHref={page.next_cursor ? `${PATH}?cursor=${page.next_cursor}` : undefined}
        />
      )}
    </KeyDialogs>
  )
}

import { KeyRound } from 'lucide-react'
import type { Metadata } from 'next'
import { mintableScopes } from '@/lib/core/principal'
import { listApiKeys } from '@/lib/domain/api-keys'
import { nodeEnv } from '@/lib/env/node'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Pagination } from '../../../_ui/pagination'
import { GenerateKeyDialog } from './generate-key-dialog'
import { KeyTable } from './key-table'

export const metadata: Metadata = { title: 'API Keys' }

const PATH = '/settings/api-keys'

export default async function ApiKeysPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  const query = await pageQueryOf(searchParams)
  const mintable = mintableScopes(principal.role)
  const keys = mintable.length > 0 ? await listApiKeys(principal, query) : null
  const { appUrl } = nodeEnv()
  const generate = <GenerateKeyDialog mintable={[...mintable]} appUrl={appUrl} />
  return (
    <>
      <PageHeader
        title="API Keys"
        description="Your programs call the API with a key of this organization. A key does not expire; delete it when it is no longer needed."
        actions={keys && keys.data.length > 0 && generate}
      />
      {keys === null && (
        <EmptyState icon={<KeyRound />} title="API keys need the role member">
          Your role here is viewer. Ask an admin of the organization to change it.
        </EmptyState>
      )}
      {keys?.data.length === 0 && (
        <EmptyState
          icon={<KeyRound />}
          title="No API keys yet"
          action={generate}
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
      {keys && keys.data.length > 0 && <KeyTable keys={keys.data} mintable={[...mintable]} />}
      {keys && (
        <Pagination
          label="API key pages"
          previousHref={query.cursor ? PATH : undefined}
          nextHref={keys.next_cursor ? `${PATH}?cursor=${keys.next_cursor}` : undefined}
        />
      )}
    </>
  )
}

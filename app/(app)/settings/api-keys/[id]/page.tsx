import type { Metadata } from 'next'
import { Suspense } from 'react'
import { daysSince, isAged } from '@/lib/core/key-care'
import { UsageQuery } from '@/lib/core/key-schemas'
import { hasPermission, mintableScopes } from '@/lib/core/principal'
import { getApiKey } from '@/lib/domain/api-keys'
import { nodeEnv } from '@/lib/env/node'
import { orNotFound, pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EnvironmentBadge } from '../../../../_ui/badge'
import { CopyButton } from '../../../../_ui/copy-button'
import { PageHeader } from '../../../../_ui/page-header'
import { Tabs, TabsContent, TabsList, TabsTrigger } from '../../../../_ui/tabs'
import { KeyStateBadge } from '../key-badges'
import { KeyDialogs } from '../key-dialogs'
import { NotForViewers } from '../not-for-viewers'
import { KeyNotice } from './key-notice'
import { OverviewPanel } from './overview-panel'
import { PanelSkeleton } from './panel-skeleton'
import { SettingsPanel } from './settings-panel'
import { UsagePanel } from './usage-panel'

export const metadata: Metadata = { title: 'API key' }

const LIST = '/settings/api-keys'

interface ApiKeyPageProps {
  params: Promise<{ id: string }>
  searchParams: SearchParams
}

// The skeletons stand inside: a loading.tsx would answer 200 before it is known whether there is such a key.
export default async function ApiKeyPage({ params, searchParams }: ApiKeyPageProps) {
  const { principal, organization } = await requireUser()
  if (!hasPermission(principal, 'api-keys:read')) return <NotForViewers />
  const key = await orNotFound(getApiKey(principal, await params))
  const { cursor } = await pageQueryOf(searchParams)
  const { period } = UsageQuery.catch({ period: '24h', format: 'json' }).parse({
    period: (await searchParams).period,
  })
  const neighbour = (id: string | null) => (id ? getApiKey(principal, { id }).catch(() => null) : null)
  const [successor, predecessor] = await Promise.all([neighbour(key.rotated_to), neighbour(key.rotated_from)])
  const mintable = mintableScopes(principal.role)
  const changeable = key.scopes.every((scope) => mintable.includes(scope))
  const nowMs = Date.now()
  const agedDays = isAged(key, nowMs) ? daysSince(key.created_at, nowMs) : null
  return (
    <KeyDialogs mintable={mintable} appUrl={nodeEnv().appUrl} leaveTo={LIST}>
      <PageHeader
        title={key.name}
        badges={
          <>
            <EnvironmentBadge environment={key.environment} />
            <KeyStateBadge apiKey={key} showActive />
          </>
        }
        description={
          <span className="flex flex-wrap items-center gap-x-4">
            <code className="text-sm">{key.masked}</code>
            <span className="inline-flex items-center gap-1">
              <code className="text-sm">{key.id}</code>
              <CopyButton value={key.id} label="Copy key id" />
            </span>
          </span>
        }
        back={{ href: LIST, label: 'API Keys' }}
      />
      <KeyNotice
        principal={principal}
        apiKey={key}
        agedDays={agedDays}
        successor={successor}
        changeable={changeable}
      />
      <Tabs param="tab" values={['overview', 'usage', 'settings']}>
        <TabsList label="About this key">
          <TabsTrigger value="overview">Overview</TabsTrigger>
          <TabsTrigger value="usage">Usage</TabsTrigger>
          <TabsTrigger value="settings">Settings</TabsTrigger>
        </TabsList>
        <TabsContent value="overview">
          <Suspense fallback={<PanelSkeleton />}>
            <OverviewPanel
              principal={principal}
              organizationName={organization.name}
              apiKey={key}
              period={period}
              successor={successor}
              predecessor={predecessor}
              narrowable={changeable && key.state !== 'ended'}
              nowMs={nowMs}
            />
          </Suspense>
        </TabsContent>
        <TabsContent value="usage">
          <Suspense fallback={<PanelSkeleton />}>
            <UsagePanel principal={principal} apiKey={key} period={period} cursor={cursor} />
          </Suspense>
        </TabsContent>
        <TabsContent value="settings">
          <SettingsPanel apiKey={key} changeable={changeable} />
        </TabsContent>
      </Tabs>
    </KeyDialogs>
  )
}

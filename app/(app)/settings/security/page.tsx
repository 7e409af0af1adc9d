import { ShieldCheck } from 'lucide-react'
import type { Metadata } from 'next'
import { compileRanges, holdsText } from '@/lib/core/ip-ranges'
import { hasPermission } from '@/lib/core/principal'
import { previewAllowlist } from '@/lib/domain/allowlist-previews'
import { type AllowlistState, allowlistState } from '@/lib/domain/allowlist-ranges'
import { requireUser } from '@/lib/http/session'
import { Banner } from '../../../_ui/banner'
import { ButtonLink } from '../../../_ui/button-link'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { NeedsEnterprise, NotForMembers } from './empty-pages'
import { ListSwitches } from './list-switches'
import { PreviewSection } from './preview-section'
import { AddRangeButton, RangeDialogs } from './range-dialogs'
import { RangeTable } from './range-table'
import { UnconfirmedBanner } from './unconfirmed-banner'
import { YourAddress } from './your-address'

export const metadata: Metadata = { title: 'Security' }

export default async function SecurityPage() {
  const { principal } = await requireUser()
  if (!hasPermission(principal, 'security:read'))
    return <NotForMembers role={principal.role} title="Security" />
  const state = await allowlistState(principal)
  const { ranges, inForce, coversConsole } = state
  const isPlanned = state.plan === 'enterprise'
  const logs = <ButtonLink href="/settings/security/access-logs">Access Logs</ButtonLink>
  const header = (
    <PageHeader
      title="Security"
      description="From where your keys and your people may come in."
      actions={logs}
    />
  )
  if (!isPlanned && ranges.length === 0) {
    return (
      <>
        {header}
        <NeedsEnterprise plan={state.plan} />
      </>
    )
  }
  const preview = await previewAllowlist(principal, {})
  const clientIp = principal.clientIp ?? null
  const isInside = holdsText(compileRanges(ranges.map(({ cidr }) => cidr)), clientIp)
  return (
    <RangeDialogs
      clientIp={clientIp}
      coversConsole={coversConsole}
      isFirst={ranges.length === 0}
      left={ranges.length}
    >
      {header}
      <Section
        title="IP Allowlist"
        description="Requests from anywhere else are refused at the gateway with 403, whatever key they carry."
        actions={isPlanned && ranges.length > 0 && <AddRangeButton />}
      >
        <div className="grid gap-4">
          <StateBanners state={state} isInside={isInside} />
          <YourAddress clientIp={clientIp} isInside={isInside} canAdd={isPlanned} />
          {ranges.length === 0 ? (
            <EmptyState icon={<ShieldCheck />} title="No ranges yet" action={<AddRangeButton />}>
              Requests are taken from everywhere. With the first range, only those from your list come in.
            </EmptyState>
          ) : (
            <>
              <RangeTable ranges={ranges} clientIp={clientIp} />
              <ListSwitches
                inForce={inForce}
                coversConsole={coversConsole}
                isPlanned={isPlanned}
                isInside={isInside}
              />
            </>
          )}
        </div>
      </Section>
      {ranges.length > 0 && <PreviewSection preview={preview} inForce={inForce} canAdd={isPlanned} />}
    </RangeDialogs>
  )
}

/** How the list stands, where that is anything but in force and in order. */
function StateBanners({ state, isInside }: { state: AllowlistState; isInside: boolean }) {
  const { unconfirmed, reverted, inForce, ranges, plan } = state
  return (
    <>
      {unconfirmed && (
        <UnconfirmedBanner what={unconfirmed.what} by={unconfirmed.by.toISOString()} isInside={isInside} />
      )}
      {reverted && (
        <Banner tone="warning" title="Switched off again">
          {reverted === 'list'
            ? 'Nobody confirmed the list from an allowed address within 5 minutes, so requests are taken from everywhere.'
            : 'Nobody confirmed it from an allowed address within 5 minutes, so the web app opens from everywhere.'}
        </Banner>
      )}
      {!inForce && !reverted && ranges.length > 0 && (
        <Banner tone="warning" title="The list is not in force">
          Requests are taken from everywhere until you switch it on.
        </Banner>
      )}
      {inForce && plan !== 'enterprise' && (
        <Banner tone="info" title="The list stays in force">
          Your plan is no longer Enterprise. What the list refuses it goes on refusing; ranges can be removed
          and the list switched off, but none can be added.
        </Banner>
      )}
    </>
  )
}

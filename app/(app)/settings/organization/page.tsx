import { Building2 } from 'lucide-react'
import type { Metadata } from 'next'
import type { OrganizationSettings } from '@/lib/core/organization-schemas'
import { hasPermission } from '@/lib/core/principal'
import { getOrganization } from '@/lib/domain/organization-settings'
import { requireUser } from '@/lib/http/session'
import { Card, CardBody, CardHeader } from '../../../_ui/card'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { RetentionDialog } from '../../interactions/retention-dialog'
import { retentionText } from '../../interactions/retention-words'
import { AuditForm } from './audit-form'
import { DeleteOrganization } from './delete-organization'
import { durationText } from './durations'
import { EndSessions } from './end-sessions'
import { NameForm } from './name-form'
import { PlanCard } from './plan-card'
import { SessionsForm } from './sessions-form'
import { UsageForm } from './usage-form'

const TITLE = 'Organization'
const DAY_MINUTES = 24 * 60

export const metadata: Metadata = { title: TITLE }

export default async function OrganizationPage() {
  const { principal, memberships } = await requireUser()
  if (!hasPermission(principal, 'organization:read')) {
    return (
      <>
        <PageHeader title={TITLE} />
        <EmptyState icon={<Building2 />} title="The organization’s settings need the role member">
          Your role here is viewer. Ask an admin of the organization to change it.
        </EmptyState>
      </>
    )
  }
  const organization = await getOrganization(principal)
  const mayChange = hasPermission(principal, 'organization:write')
  return (
    <>
      <PageHeader title={TITLE} description="What holds for everybody who belongs to it." />
      {mayChange ? <Settings organization={organization} /> : <Facts organization={organization} />}
      <Section title="Plan">
        <PlanCard plan={organization.plan} />
      </Section>
      {principal.role === 'owner' && (
        <Section title="Delete this organization">
          <Card>
            <CardHeader
              title="Everything of it goes at once"
              description="Keys die everywhere, sessions move to another organization of each person or end, and nothing can be brought back."
              actions={<DeleteOrganization name={organization.name} hasAnother={memberships.length > 1} />}
            />
          </Card>
        </Section>
      )}
    </>
  )
}

/** What admins change. */
function Settings({ organization }: { organization: OrganizationSettings }) {
  const { name, slug, interaction_retention_days, usage_retention_days, audit_retention_days } = organization
  return (
    <>
      <Section title="General">
        <NameForm key={`${name} ${slug}`} name={name} slug={slug} />
      </Section>
      <Section
        title="Sessions"
        description="Everybody is signed out after 7 days without use. Here it can be sooner."
        actions={<EndSessions organization={name} />}
      >
        <SessionsForm {...organization} />
      </Section>
      <Section title="Retention">
        <div className="grid gap-4">
          <Card>
            <CardHeader
              title="Interactions"
              description={`Questions, answers and what they were drawn from. ${retentionText(interaction_retention_days)}`}
              actions={<RetentionDialog days={interaction_retention_days} />}
            />
          </Card>
          <UsageForm days={usage_retention_days} />
          <AuditForm days={audit_retention_days} />
        </div>
      </Section>
    </>
  )
}

/** The same, for members to read. */
function Facts({ organization }: { organization: OrganizationSettings }) {
  const { name, slug, session_idle_minutes: idle, session_max_age_hours: age } = organization
  const { interaction_retention_days: interactions, usage_retention_days: usage } = organization
  const { audit_retention_days: audit } = organization
  return (
    <Section title="Settings" description="Admins of the organization can change them.">
      <Card>
        <CardBody className="p-0 sm:px-0">
          <DescriptionList>
            <DescriptionItem term="Name">{name}</DescriptionItem>
            <DescriptionItem term="Slug">
              <code>{slug}</code>
            </DescriptionItem>
            <DescriptionItem term="Signed out">
              After {durationText(idle ?? 7 * DAY_MINUTES)} without use
              {age === null ? '' : `, and ${durationText(age * 60)} after signing in`}
            </DescriptionItem>
            <DescriptionItem term="Interactions">{retentionText(interactions)}</DescriptionItem>
            <DescriptionItem term="Single requests">
              Kept for {durationText((usage ?? 30) * DAY_MINUTES)}
            </DescriptionItem>
            <DescriptionItem term="Audit log">{retentionText(audit)}</DescriptionItem>
          </DescriptionList>
        </CardBody>
      </Card>
    </Section>
  )
}

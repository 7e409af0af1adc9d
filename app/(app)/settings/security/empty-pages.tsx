import { ShieldCheck } from 'lucide-react'
import type { Plan } from '@/lib/core/principal'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'

/** What somebody sees whose role does not reach as far as security. */
export function NotForMembers({ role, title }: { role: string; title: string }) {
  return (
    <>
      <PageHeader title={title} />
      <EmptyState icon={<ShieldCheck />} title={`${title} needs the role admin`}>
        Your role here is {role}. Ask an admin of the organization.
      </EmptyState>
    </>
  )
}

const PLAN_NAMES: Readonly<Record<Plan, string>> = { free: 'Free', pro: 'Pro', enterprise: 'Enterprise' }

const POINTS = [
  [
    'Only from your networks',
    'A key that leaks is of no use from anywhere else: the gateway refuses it with 403.',
  ],
  ['Tried before it counts', 'Twig shows which requests of the last 7 days a list would have refused.'],
  [
    'Nobody is locked out',
    'What would shut you out is refused, and what you switch on waits for your confirmation.',
  ],
] as const

/** What the allowlist is, for an organization whose plan does not have it. */
export function NeedsEnterprise({ plan }: { plan: Plan }) {
  return (
    <Section title="IP Allowlist">
      <EmptyState icon={<ShieldCheck />} title="The IP allowlist needs the Enterprise plan">
        Your plan is {PLAN_NAMES[plan]}. Whoever runs this Twig can change it. Until then requests are taken
        from everywhere.
      </EmptyState>
      <dl className="mt-6 grid gap-5 sm:grid-cols-3">
        {POINTS.map(([term, about]) => (
          <div key={term}>
            <dt className="font-medium">{term}</dt>
            <dd className="mt-0.5 text-muted">{about}</dd>
          </div>
        ))}
      </dl>
    </Section>
  )
}

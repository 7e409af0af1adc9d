import { Fingerprint } from 'lucide-react'
import { planNames } from '@/lib/core/plans'
import type { Plan } from '@/lib/core/principal'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { TextLink } from '../../../_ui/text-link'

export const TITLE = 'Authentication'

/** What somebody sees whose role does not reach as far as sign-in. */
export function NotForMembers({ role }: { role: string }) {
  return (
    <>
      <PageHeader title={TITLE} />
      <EmptyState icon={<Fingerprint />} title="Authentication needs the role admin">
        Your role here is {role}. Ask an admin of the organization.
      </EmptyState>
    </>
  )
}

const POINTS = [
  [
    'One sign-in',
    'People sign in to Twig with the account of your company: Okta, Entra ID, Google Workspace, OneLogin, Auth0, or any other by SAML 2.0 or OpenID Connect.',
  ],
  [
    'Members come by themselves',
    'Somebody with an address in your verified domain becomes a member at the first sign-in. Nobody needs an invitation.',
  ],
  [
    'Passwords can be switched off',
    '“Enforce SSO” refuses passwords and social sign-in for your domains. An owner keeps a way in for the day when the identity provider is down.',
  ],
] as const

/** What single sign-on is, for an organization whose plan does not have it. */
export function NeedsEnterprise({ plan }: { plan: Plan }) {
  return (
    <>
      <PageHeader title={TITLE} description="Single sign-on with your company’s identity provider." />
      <EmptyState icon={<Fingerprint />} title="Single sign-on needs the Enterprise plan">
        Your plan is {planNames[plan]}. Whoever runs this Twig can change it. Until then people sign in as
        they do now.
      </EmptyState>
      <Section title="What it brings">
        <dl className="grid gap-5 sm:grid-cols-3">
          {POINTS.map(([term, about]) => (
            <div key={term}>
              <dt className="font-medium">{term}</dt>
              <dd className="mt-0.5 text-muted">{about}</dd>
            </div>
          ))}
        </dl>
        <p className="mt-5">
          <TextLink href="/docs/sso">How single sign-on is set up</TextLink>
        </p>
      </Section>
    </>
  )
}

import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { checkFailure, checkFix } from '@/lib/core/sso-check-words'
import { type SsoProvider, ssoGuides } from '@/lib/core/sso-guides'
import { ssoProviders } from '@/lib/core/sso-schemas'
import { PageHeader } from '../../../../_ui/page-header'
import { Prose } from '../../../../_ui/prose'
import { Section } from '../../../../_ui/section'
import { SsoGuideSteps } from '../../../../sso-guide-steps'
import { twigValues } from '../../../../sso-values'

interface GuidePageProps {
  params: Promise<{ idp: string }>
}

/** What goes wrong most, by protocol. */
const USUAL = {
  saml: ['destination', 'audience', 'signature', 'algorithm', 'email', 'in_response_to', 'status', 'domain'],
  oidc: ['answer', 'email', 'email_verified', 'domain'],
}

async function providerFrom({ params }: GuidePageProps): Promise<SsoProvider> {
  const { idp } = await params
  return ssoProviders.find((provider) => provider === idp) ?? notFound()
}

export async function generateMetadata(props: GuidePageProps): Promise<Metadata> {
  return { title: `Single sign-on with ${ssoGuides[await providerFrom(props)].name}` }
}

export default async function SsoGuidePage(props: GuidePageProps) {
  const provider = await providerFrom(props)
  const guide = ssoGuides[provider]
  return (
    <>
      <PageHeader
        title={guide.name}
        description={`Single sign-on to Twig. ${guide.about}`}
        back={{ href: '/docs/sso', label: 'Single sign-on' }}
      />
      <Section
        title={provider === guide.kind ? 'At the identity provider' : `At ${guide.name}`}
        description="The fields have the provider’s own names."
      >
        <SsoGuideSteps guide={guide} values={twigValues()} />
      </Section>
      <Section title="In Twig">
        <Prose className="text-base [&>:first-child]:mt-0">
          <p>
            Open Settings → Authentication, choose “{guide.name}”, and give{' '}
            {guide.kind === 'saml'
              ? 'its metadata: an address, a file, or the text.'
              : 'its discovery URL, the client ID and the client secret.'}
          </p>
          <p>{guide.source}</p>
          <p>
            {guide.kind === 'saml'
              ? 'Twig takes the e-mail address from the NameID. To take it from an attribute, or to have names, write the attribute’s name into the mapping:'
              : 'Twig takes the e-mail address from the claim “email” and the name from “name”. Other claims can be written into the mapping.'}
          </p>
          {guide.kind === 'saml' && (
            <ul>
              <li>
                E-mail attribute: <code>{guide.emailAttribute}</code>
              </li>
              <li>
                Name attribute: <code>{guide.nameAttribute}</code>
              </li>
            </ul>
          )}
          <p>Then press “Test connection”. It shows all that is wrong at once.</p>
        </Prose>
      </Section>
      <Section title="When the test fails">
        <dl className="grid gap-4">
          {USUAL[guide.kind].map((check) => (
            <div key={check}>
              <dt className="font-medium">{checkFailure(check)}</dt>
              <dd className="mt-0.5 max-w-prose text-muted">{checkFix(check, provider)}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </>
  )
}

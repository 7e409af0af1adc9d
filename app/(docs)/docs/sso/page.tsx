import type { Metadata } from 'next'
import Link from 'next/link'
import { ssoGuides } from '@/lib/core/sso-guides'
import { ssoProviders } from '@/lib/core/sso-schemas'
import { CopyField } from '../../../_ui/copy-field'
import { PageHeader } from '../../../_ui/page-header'
import { Prose } from '../../../_ui/prose'
import { twigValues } from '../../../sso-values'

export const metadata: Metadata = { title: 'Single sign-on' }

export default function SsoDocsPage() {
  const values = twigValues()
  return (
    <>
      <PageHeader
        title="Single sign-on"
        description="People sign in to Twig with your company’s identity provider, by SAML 2.0 or OpenID Connect. It needs the Enterprise plan and a domain that is yours."
      />
      <ul className="grid gap-3 sm:grid-cols-2">
        {ssoProviders.map((provider) => (
          <li key={provider}>
            <Link
              href={`/docs/sso/${provider}`}
              className="block h-full rounded-lg border border-border bg-raised p-4 hover:border-control"
            >
              <span className="font-medium">{ssoGuides[provider].name}</span>
              <span className="mt-0.5 block text-muted text-sm">{ssoGuides[provider].about}</span>
            </Link>
          </li>
        ))}
      </ul>
      <Prose>
        <h2>How it goes</h2>
        <ol>
          <li>
            An admin opens Settings → Authentication and adds the company’s domain. A TXT record in its DNS
            shows that it is yours.
          </li>
          <li>The identity provider is told Twig’s values, and Twig its metadata.</li>
          <li>
            “Test connection” goes there and back once. It signs nobody in, and shows every check with what
            was expected and what came.
          </li>
          <li>One or two pilot users sign in with it. Passwords go on working.</li>
          <li>
            An owner switches on “Enforce SSO”. From then on members of the verified domains sign in through
            the identity provider alone.
          </li>
        </ol>
        <h2>Who becomes a member</h2>
        <p>
          Somebody new with an address in a verified domain becomes a member with the role member, or the one
          that they were invited with. Somebody who was removed stays removed until they are invited again. A
          sub-domain is a domain of its own.
        </p>
        <p>
          What an admin set up lets owners and admins in once an owner has passed “Test connection” or made it
          active.
        </p>
        <h2>When the identity provider is down</h2>
        <p>
          The owner who enforced SSO proved a password then, and keeps it as a way in. Each use is recorded
          and mailed to all owners.
        </p>
        <h2>When a sign-in fails</h2>
        <p>
          The person sees a reference. An admin enters it in Settings → Authentication and sees the cause
          there. Nobody needs to mail the identity provider’s answer to anybody.
        </p>
        <h2>Twig’s values</h2>
      </Prose>
      <div className="grid gap-4">
        <CopyField label="ACS URL (SAML)" value={values.acsUrl} />
        <CopyField label="Entity ID (SAML)" value={values.entityId} />
        <CopyField label="Redirect URI (OpenID Connect)" value={values.redirectUri} />
      </div>
    </>
  )
}

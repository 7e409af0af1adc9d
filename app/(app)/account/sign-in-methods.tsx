import { SOCIAL_NAMES, type SocialProvider } from '@/lib/core/social'
import { Banner } from '../../_ui/banner'
import { Card } from '../../_ui/card'
import { GoogleMark, MicrosoftMark } from '../../_ui/provider-marks'
import { RelativeTime } from '../../_ui/relative-time'
import { Section } from '../../_ui/section'
import { LinkButton, UnlinkButton } from './link-buttons'

const marks = { google: GoogleMark, microsoft: MicrosoftMark }

interface Method {
  provider: SocialProvider
  configured: boolean
  /** When in RFC 3339. */
  linked: { label: string | null; linkedAt: string } | null
}

interface SignInMethodsProps {
  methods: Method[]
  /** Whether the person's organization lets them in through its identity provider only. */
  ssoRequired: boolean
  justLinked?: SocialProvider | undefined
}

/** Google and Microsoft: which is linked to the account, and which may be. Not there where neither is set up. */
export function SignInMethods({ methods, ssoRequired, justLinked }: SignInMethodsProps) {
  if (methods.length === 0) return null
  const isNew = methods.some(({ provider, linked }) => provider === justLinked && linked !== null)
  return (
    <Section title="Sign-in methods" description="Accounts elsewhere that sign in to this one.">
      <div className="grid gap-4">
        {justLinked && isNew && (
          <Banner tone="success" role="status">
            {SOCIAL_NAMES[justLinked]} is linked. You can sign in with it from now on.
          </Banner>
        )}
        {ssoRequired && (
          <Banner>
            Your organization signs in through its identity provider: what is linked here opens nothing
            meanwhile, and nothing can be linked.
          </Banner>
        )}
        <Card>
          <ul className="divide-y divide-border">
            {methods.map((method) => (
              <MethodRow key={method.provider} {...method} ssoRequired={ssoRequired} />
            ))}
          </ul>
        </Card>
      </div>
    </Section>
  )
}

function MethodRow({ provider, configured, linked, ssoRequired }: Method & { ssoRequired: boolean }) {
  const Mark = marks[provider]
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-3 px-5 py-4">
      <div className="flex min-w-0 items-center gap-3">
        <Mark className="size-5 shrink-0" />
        <div className="min-w-0">
          <p className="font-medium">{SOCIAL_NAMES[provider]}</p>
          <p className="wrap-anywhere text-muted text-sm">
            {linked ? (
              <>
                {linked.label && <>{linked.label}, </>}linked <RelativeTime value={linked.linkedAt} />
              </>
            ) : (
              'Not linked'
            )}
          </p>
        </div>
      </div>
      {linked && <UnlinkButton provider={provider} />}
      {!linked && configured && !ssoRequired && <LinkButton provider={provider} />}
    </li>
  )
}

import { ssoGuides, type TwigValues } from '@/lib/core/sso-guides'
import { Step, Steps } from '../../../_ui/steps'
import { TextLink } from '../../../_ui/text-link'
import { ConnectionSteps } from './connection-steps'
import { DomainList } from './domain-list'
import { EnforceSwitch } from './enforce-switch'
import { PilotForm } from './pilot-form'
import { TestButton } from './test-button'
import { type ConnectionView, type DomainView, PATH, type PersonView } from './views'

interface SetUpProps {
  domains: DomainView[]
  /** The one that is being set up, once it is saved. */
  connection: ConnectionView | undefined
  people: PersonView[]
  values: TwigValues
  locks: readonly string[]
  isOwner: boolean
  /** Reference of its last test that failed. */
  failedTest: string | undefined
}

/** From nothing to enforced, one step after the other; what is done stays in view and can be changed. */
export function SetUp({ domains, connection, people, values, locks, isOwner, failedTest }: SetUpProps) {
  const isVerified = domains.some(({ verifiedAt }) => verifiedAt !== null)
  return (
    <Steps>
      <Step
        number={1}
        title="Domain"
        description="A TXT record in its DNS shows that it is yours. Only people with an address there sign in with SSO."
        state={isVerified ? 'done' : 'current'}
      >
        <DomainList domains={domains} canChange isEnforced={false} />
      </Step>
      {connection ? (
        <SavedSteps connection={connection} />
      ) : (
        <ConnectionSteps values={values} first={2} headingLevel={3} />
      )}
      <Step
        number={5}
        title="Test"
        description="Goes to the identity provider and back, in this window. It signs nobody in, and shows every check: what was expected and what came."
        state={connection ? 'current' : 'todo'}
      >
        {connection && (
          <div className="grid gap-3">
            <TestButton id={connection.id} label="Test connection" primary />
            {failedTest && (
              <p className="text-muted">
                The last test failed.{' '}
                <TextLink href={`${PATH}?attempt=${failedTest}`}>See what was wrong</TextLink>
              </p>
            )}
          </div>
        )}
      </Step>
      <Step
        number={6}
        title="Pilot users"
        description="One or two people try it first. Their passwords go on working."
        state={connection && connection.pilotUserIds.length > 0 ? 'done' : 'todo'}
      >
        {connection && <PilotForm connection={connection} people={people} />}
      </Step>
      <Step
        number={7}
        title="Only with SSO"
        description="Last of all: no other way in for your domains."
        state="todo"
      >
        {connection && <EnforceSwitch connection={connection} locks={locks} isOwner={isOwner} />}
      </Step>
    </Steps>
  )
}

/** What was chosen and read, in a line each; it is changed in SSO Config. */
function SavedSteps({ connection }: { connection: ConnectionView }) {
  const { provider, kind, emailAttribute, entityId, issuer } = connection
  const usual = kind === 'saml' ? 'NameID' : 'email'
  return (
    <>
      <Step
        number={2}
        title="Identity provider"
        state="done"
        description={
          <>
            {ssoGuides[provider].name}.{' '}
            <TextLink href={`/docs/sso/${provider}`}>Its guide, with Twig’s values</TextLink>
          </>
        }
      />
      <Step
        number={3}
        title={kind === 'saml' ? 'Metadata' : 'Discovery'}
        state="done"
        description={<span className="wrap-anywhere">{entityId ?? issuer}</span>}
      />
      <Step
        number={4}
        title="Attribute mapping"
        state="done"
        description={
          <>
            E-mail ← <span className="wrap-anywhere">{emailAttribute ?? usual}</span>.{' '}
            <TextLink href="#sso-config">Edit it in SSO Config</TextLink>
          </>
        }
      />
    </>
  )
}

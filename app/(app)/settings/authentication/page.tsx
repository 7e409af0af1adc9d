import type { Metadata } from 'next'
import { planIncludes } from '@/lib/core/plans'
import { hasPermission } from '@/lib/core/principal'
import { pageQueryOf, type SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { Banner } from '../../../_ui/banner'
import { ButtonLink } from '../../../_ui/button-link'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { Steps } from '../../../_ui/steps'
import { twigValues } from '../../../sso-values'
import { AttemptDetail } from './attempt-detail'
import { AttemptLog } from './attempt-log'
import { ConnectionCard } from './connection-card'
import { ConnectionSteps } from './connection-steps'
import { DomainList } from './domain-list'
import { NeedsEnterprise, NotForMembers, TITLE } from './empty-pages'
import { EnforceSwitch } from './enforce-switch'
import { loadAttempt, loadAttempts, loadSso } from './load'
import { isEnforcedForNobody, locksOf } from './locks'
import { PilotForm } from './pilot-form'
import { SetUp } from './set-up'
import { PATH } from './views'

export const metadata: Metadata = { title: TITLE }

const CONNECTIONS_MAX = 10

export default async function AuthenticationPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal, organization } = await requireUser()
  if (!hasPermission(principal, 'sso:read')) return <NotForMembers role={principal.role} />
  const { cursor } = await pageQueryOf(searchParams)
  const { attempt: reference, outcome, add } = await searchParams
  const { domains, connections, people } = await loadSso(principal)
  const isPlanned = planIncludes(organization.plan, 'sso')
  const isBare = domains.length === 0 && connections.length === 0
  if (!isPlanned && isBare) return <NeedsEnterprise plan={organization.plan} />
  if (add !== undefined && connections.length > 0 && isPlanned) return <AddConnection />
  const asked = typeof reference === 'string' && reference.trim() !== '' ? reference : undefined
  const wanted = outcome === 'failed' || outcome === 'succeeded' ? outcome : undefined
  const [shown, { attempts, next }] = await Promise.all([
    asked ? loadAttempt(principal, asked) : null,
    loadAttempts(principal, { cursor, outcome: wanted }),
  ])
  const main = connections.find(({ isActive }) => isActive) ?? connections[0]
  const locks = main ? locksOf(main, domains) : []
  const isOwner = principal.role === 'owner'
  const isSetUp = main !== undefined && (main.testedAt !== null || main.enforcedAt !== null)
  const isSettingUp = isPlanned && !isSetUp
  const lastTest = attempts.find((each) => each.purpose === 'test' && each.connectionId === main?.id)
  return (
    <>
      <PageHeader
        title={TITLE}
        description={`How people of ${organization.name} sign in: with your company’s identity provider, by SAML 2.0 or OpenID Connect.`}
      />
      {!isPlanned && (
        <Banner tone="warning" title="Single sign-on needs the Enterprise plan" className="mb-8">
          What is set up here can be looked at, disabled and deleted. Nothing can be added or changed.
        </Banner>
      )}
      {main && isEnforcedForNobody(main, domains) && (
        <Banner tone="warning" title="Enforced, but for no verified domain" className="mb-8">
          Passwords and social sign-in are open to everybody, and nobody signs in with SSO, until a domain is
          verified again.
        </Banner>
      )}
      {shown && (
        <AttemptDetail attempt={shown} connection={connections.find(({ id }) => id === shown.connectionId)} />
      )}
      {isSettingUp && (
        <Section title="Set up single sign-on">
          <SetUp
            domains={domains}
            connection={main}
            people={people}
            values={twigValues()}
            locks={locks}
            isOwner={isOwner}
            failedTest={
              lastTest && !lastTest.succeeded && lastTest.id !== shown?.id ? lastTest.id : undefined
            }
          />
        </Section>
      )}
      {main && (
        <Section
          title="SSO Config"
          id="sso-config"
          actions={
            isPlanned &&
            connections.length < CONNECTIONS_MAX && (
              <ButtonLink href={`${PATH}?add=connection`} size="sm">
                Add another connection
              </ButtonLink>
            )
          }
        >
          <div className="grid gap-4">
            {connections.map((connection) => (
              <ConnectionCard
                key={connection.id}
                connection={connection}
                hasOtherActive={connections.some(({ id, isActive }) => isActive && id !== connection.id)}
                canChange={isPlanned}
                isTestedAbove={isSettingUp && connection.id === main.id}
              />
            ))}
          </div>
        </Section>
      )}
      {!isSettingUp && (
        <Section
          title="Domains"
          description="Only people with an address in one of them sign in with SSO. Each is looked at once a day."
        >
          <DomainList domains={domains} canChange={isPlanned} isEnforced={Boolean(main?.enforcedAt)} />
        </Section>
      )}
      {!isSettingUp && main && !main.enforcedAt && (
        <Section
          title="Pilot users"
          description="One or two people try it first. Their passwords go on working."
        >
          <PilotForm connection={main} people={people} />
        </Section>
      )}
      {!isSettingUp && main && (isPlanned || main.enforcedAt) && (
        <Section title="Only with SSO">
          <EnforceSwitch connection={main} locks={locks} isOwner={isOwner} />
        </Section>
      )}
      {(main || attempts.length > 0 || asked) && (
        <AttemptLog
          attempts={attempts}
          next={next}
          cursor={cursor}
          outcome={wanted}
          missing={asked && !shown ? asked : undefined}
        />
      )}
    </>
  )
}

/** One connection more, to take the place of the present one when it is tested. */
function AddConnection() {
  return (
    <>
      <PageHeader
        title="Add a connection"
        description="People are sent to one connection at a time. The new one can be tested first, and made active when it works."
        back={{ href: PATH, label: TITLE }}
      />
      <Steps>
        <ConnectionSteps values={twigValues()} first={1} headingLevel={2} />
      </Steps>
    </>
  )
}

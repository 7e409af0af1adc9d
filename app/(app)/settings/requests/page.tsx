import { Route } from 'lucide-react'
import type { Metadata } from 'next'
import { TwigError } from '@/lib/core/errors'
import { RequestIdInput, type RequestTrail } from '@/lib/core/explain-schemas'
import { hasPermission, type Principal } from '@/lib/core/principal'
import { REFUSED_KEPT } from '@/lib/core/request-trail'
import { findRequest } from '@/lib/domain/request-trails'
import type { SearchParams } from '@/lib/http/page'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../../_ui/empty-state'
import { Field } from '../../../_ui/field'
import { Input } from '../../../_ui/input'
import { PageHeader } from '../../../_ui/page-header'
import { Section } from '../../../_ui/section'
import { SubmitButton } from '../../../_ui/submit-button'
import { TextLink } from '../../../_ui/text-link'
import { everyKey } from '../api-keys/every-key'
import { ExplainForm } from './explain-form'
import { FoundRequest } from './found-request'

export const metadata: Metadata = { title: 'Requests' }

const PATH = '/settings/requests'

/** The request that was asked for; null where none of the organization's has that id. */
async function lookUp(principal: Principal, id: string): Promise<RequestTrail | null> {
  const input = RequestIdInput.safeParse({ id })
  if (!input.success) return null
  return findRequest(principal, input.data).catch((error: unknown) => {
    if (error instanceof TwigError && error.code === 'not_found') return null
    throw error
  })
}

function NotForViewers() {
  return (
    <>
      <PageHeader title="Requests" />
      <EmptyState icon={<Route />} title="Looking up requests needs the role member">
        Your role here is viewer. Ask an admin of the organization to change it.
      </EmptyState>
    </>
  )
}

export default async function RequestsPage({ searchParams }: { searchParams: SearchParams }) {
  const { principal } = await requireUser()
  if (!hasPermission(principal, 'api-keys:read')) return <NotForViewers />
  const { id } = await searchParams
  const wanted = typeof id === 'string' && id.trim() !== '' ? id.trim() : undefined
  const [found, { keys }] = await Promise.all([
    wanted === undefined ? null : lookUp(principal, wanted),
    everyKey(principal),
  ])
  const asked = found && {
    keyId: found.key.id,
    method: found.method,
    path: (found.key.environment === 'test' ? '/api/test/v1' : '/api/v1') + found.path,
    clientIp: found.client_ip,
  }
  return (
    <>
      <PageHeader
        title="Requests"
        description="What became of a request to the API, and what would become of one."
      />
      <Section
        title="Find a request"
        description="Every answer carries its id, in X-Request-Id and in each error. Those of your organization’s keys are kept for 30 days."
      >
        <form action={PATH} className="mb-5 flex flex-wrap items-start gap-2">
          <Field
            label="Request id"
            className="min-w-0 max-w-md flex-1 basis-56"
            error={wanted !== undefined && !found ? 'Not found here.' : undefined}
            hint={wanted !== undefined && !found ? <NotFoundHint id={wanted} /> : undefined}
          >
            <Input
              name="id"
              type="search"
              mono
              defaultValue={wanted}
              maxLength={64}
              autoComplete="off"
              spellCheck={false}
              placeholder="req_…"
            />
          </Field>
          <SubmitButton variant="secondary" className="mt-6.5">
            Find
          </SubmitButton>
        </form>
        {found && <FoundRequest request={found} />}
      </Section>
      <Section
        title="Explain a request"
        description="The gate’s own decision on a request that nobody makes: nothing is executed, and no token is taken."
      >
        <ExplainForm
          key={found?.id}
          keys={keys.map(({ id, name, masked }) => ({ id, name, masked }))}
          asked={asked}
          ownAddress={principal.clientIp ?? null}
        />
      </Section>
    </>
  )
}

/** Why a request may be nowhere, and where else an id may lead. */
function NotFoundHint({ id }: { id: string }) {
  if (id.startsWith('ref_')) {
    return (
      <>
        This is the reference of a sign-in; it is looked up in{' '}
        <TextLink href={`/settings/authentication?attempt=${encodeURIComponent(id)}`}>
          Authentication
        </TextLink>
        .
      </>
    )
  }
  return `A request whose key was not recognised belongs to no organization: what it was told says why. ${REFUSED_KEPT} A new one is here within two seconds.`
}

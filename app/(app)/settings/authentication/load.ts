import { domainOf } from '@/lib/core/domain-names'
import { TwigError } from '@/lib/core/errors'
import type { Principal } from '@/lib/core/principal'
import { providerOf } from '@/lib/core/sso-guides'
import { SsoAttemptsQuery, SsoIdInput } from '@/lib/core/sso-schemas'
import { GRACE_DAYS } from '@/lib/domain/domain-checks'
import { listDomains, type OrganizationDomain } from '@/lib/domain/domains'
import { listMembers } from '@/lib/domain/organizations'
import { getSsoAttempt, listSsoAttempts, type SsoAttempt } from '@/lib/domain/sso-attempts'
import { listSsoConnections, type SsoConnection } from '@/lib/domain/sso-connections'
import type { AttemptView, ConnectionView, DomainView, PersonView } from './views'

const DAY_MS = 24 * 3600 * 1000
const ATTEMPTS_A_PAGE = 20

const text = (time: Date | null) => time?.toISOString() ?? null

function toDomainView(domain: OrganizationDomain): DomainView {
  const { verifiedAt, checkedAt, missingSince, ...rest } = domain
  const ends = missingSince && new Date(missingSince.getTime() + GRACE_DAYS * DAY_MS)
  return {
    ...rest,
    verifiedAt: text(verifiedAt),
    checkedAt: text(checkedAt),
    missingSince: text(missingSince),
    graceEndsAt: text(ends),
  }
}

function toConnectionView(connection: SsoConnection): ConnectionView {
  const { certificates, provider, kind } = connection
  return {
    ...connection,
    provider: providerOf(provider, kind),
    certificates: certificates.map(({ validFrom, validTo, ...certificate }) => {
      return { ...certificate, validFrom: validFrom.toISOString(), validTo: validTo.toISOString() }
    }),
    metadataCheckedAt: text(connection.metadataCheckedAt),
    metadataFailingSince: text(connection.metadataFailingSince),
    testedAt: text(connection.testedAt),
    enforcedAt: text(connection.enforcedAt),
    createdAt: connection.createdAt.toISOString(),
  }
}

function toAttemptView({ createdAt, checks, ...attempt }: SsoAttempt): AttemptView {
  const placed = checks.map((check, place) => ({ ...check, place }))
  return { ...attempt, checks: placed, createdAt: createdAt.toISOString() }
}

/** All that the page shows of the organization's domains, connections and people. */
export async function loadSso(principal: Principal): Promise<{
  domains: DomainView[]
  connections: ConnectionView[]
  people: PersonView[]
}> {
  const [domains, connections, members] = await Promise.all([
    listDomains(principal),
    listSsoConnections(principal),
    listMembers(principal),
  ])
  const own = new Set(domains.flatMap(({ name, verifiedAt }) => (verifiedAt ? [name] : [])))
  return {
    domains: domains.map(toDomainView),
    connections: connections.map(toConnectionView),
    people: members.map(({ userId, name, email, role }) => {
      return { userId, name, email, role, isOwn: own.has(domainOf(email)) }
    }),
  }
}

/** A page of the log; what the address asks for wrongly is left out. */
export async function loadAttempts(
  principal: Principal,
  asked: { cursor?: string | undefined; outcome?: string | undefined },
): Promise<{ attempts: AttemptView[]; next: string | null }> {
  const outcome = SsoAttemptsQuery.shape.outcome.catch(undefined).parse(asked.outcome)
  const query = SsoAttemptsQuery.parse({ limit: ATTEMPTS_A_PAGE, cursor: asked.cursor, outcome })
  const { data, next_cursor } = await listSsoAttempts(principal, query)
  return { attempts: data.map(toAttemptView), next: next_cursor }
}

/** The attempt of a reference, or null when there is none in the organization. */
export async function loadAttempt(principal: Principal, reference: string): Promise<AttemptView | null> {
  const id = SsoIdInput.shape.id.safeParse(reference.trim())
  if (!id.success) return null
  const found = await getSsoAttempt(principal, { id: id.data }).catch((error: unknown) => {
    if (error instanceof TwigError && error.code === 'not_found') return null
    throw error
  })
  return found && toAttemptView(found)
}

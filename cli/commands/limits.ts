import { type Scope, scopes } from '../../lib/core/principal'
import { DEFAULT_PER_MINUTE, ORGANIZATION_FACTOR } from '../../lib/core/rate-limits'
import { organizationLimits } from '../../lib/domain/organization-limits'
import { setLimit } from '../../lib/domain/plans'
import { actFor, optional, org, scope, wholeNumber, wholeNumberOrDefault } from '../flags'
import { plain, table } from '../output'
import { verb } from '../verb'

/** Requests a minute: of each key, and of all keys of the organization together. */
interface Limits {
  perMinute: Readonly<Record<Scope, number>>
  organizationPerMinute: Readonly<Record<Scope, number>>
}

/** Limits by scope, for `--json`. */
export function limitDocument({ perMinute, organizationPerMinute }: Limits) {
  return Object.fromEntries(
    scopes.map((scope) => [
      scope,
      { per_minute: perMinute[scope], organization_per_minute: organizationPerMinute[scope] },
    ]),
  )
}

function withDefault(limit: number, standard: number): string {
  return limit === standard ? String(limit) : `${limit} (default ${standard})`
}

/** Limits for people, with the default where it differs. */
export function limitTable({ perMinute, organizationPerMinute }: Limits): string {
  const rows = scopes.map((scope) => [
    scope,
    withDefault(perMinute[scope], DEFAULT_PER_MINUTE[scope]),
    withDefault(organizationPerMinute[scope], perMinute[scope] * ORGANIZATION_FACTOR),
  ])
  return table(['SCOPE', 'REQUESTS/MIN FOR EACH KEY', 'FOR ALL KEYS TOGETHER'], rows)
}

/** What to say when a change is made but Redis could not be told. */
export const NOT_IN_FORCE =
  'Redis could not be told: the change is made, and running servers follow as soon as Redis answers.'

const set = verb({
  summary: 'Sets how many requests a minute each key, and all keys together, may make (Enterprise plan).',
  flags: {
    org,
    scope,
    'per-minute': wholeNumber('per-minute', 'Requests a minute for each key.'),
    'organization-per-minute': optional(
      wholeNumberOrDefault(
        'organization-per-minute',
        `Requests a minute for all keys together; default is ${ORGANIZATION_FACTOR} times those of one key.`,
      ),
    ),
  },
  run: async (given) => {
    const { scope, 'per-minute': perMinute, 'organization-per-minute': together } = given
    const { organization, principal } = await actFor(given.org)
    const change = await setLimit(principal, scope, perMinute, together)
    const { id, slug, name } = organization
    const [each, all] = [change.perMinute[scope], change.organizationPerMinute[scope]]
    return {
      document: {
        id,
        slug,
        plan: change.plan,
        scope,
        per_minute: each,
        organization_per_minute: all,
        limits: limitDocument(change),
        in_force: change.inForce,
      },
      text: `Each key of ${plain(name)} may now make ${each} ${scope} requests a minute, all of them together ${all}.`,
      ...(change.inForce ? {} : { warning: NOT_IN_FORCE }),
    }
  },
})

const show = verb({
  summary: 'Shows how many requests a minute each key, and all keys together, may make.',
  flags: { org },
  run: async ({ org }) => {
    const { organization } = await actFor(org)
    const { plan, ...limits } = await organizationLimits(organization.id)
    const { id, slug } = organization
    return { document: { id, slug, plan, limits: limitDocument(limits) }, text: limitTable(limits) }
  },
})

export const limitsVerbs = { set, show }

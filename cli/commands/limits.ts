import { type Scope, scopes } from '../../lib/core/principal'
import { DEFAULT_PER_MINUTE } from '../../lib/core/rate-limits'
import { organizationLimits, setLimit } from '../../lib/domain/plans'
import { actFor, org, scope, wholeNumber } from '../flags'
import { plain, table } from '../output'
import { verb } from '../verb'

type PerMinute = Readonly<Record<Scope, number>>

/** Limits as `/whoami` shows them. */
export function limitDocument(perMinute: PerMinute) {
  return Object.fromEntries(scopes.map((scope) => [scope, { per_minute: perMinute[scope] }]))
}

/** Limits for people, with the default where it differs. */
export function limitTable(perMinute: PerMinute): string {
  const rows = scopes.map((scope) => {
    const isCustom = perMinute[scope] !== DEFAULT_PER_MINUTE[scope]
    return [scope, String(perMinute[scope]), isCustom ? `default ${DEFAULT_PER_MINUTE[scope]}` : '']
  })
  return table(['SCOPE', 'REQUESTS/MIN FOR EACH KEY', ''], rows)
}

/** What to say when a change is made but Redis could not be told. */
export const NOT_IN_FORCE =
  'Redis could not be told: the change is made, but running servers follow only within ten minutes. ' +
  'Run the command again when Redis answers.'

const set = verb({
  summary: 'Sets how many requests a minute each key may make (Enterprise plan).',
  flags: { org, scope, 'per-minute': wholeNumber('per-minute', 'Requests a minute.') },
  run: async ({ org, scope, 'per-minute': perMinute }) => {
    const { organization, principal } = await actFor(org)
    const change = await setLimit(principal, scope, perMinute)
    const { id, slug, name } = organization
    return {
      document: {
        id,
        slug,
        plan: change.plan,
        scope,
        per_minute: change.perMinute[scope],
        limits: limitDocument(change.perMinute),
        in_force: change.inForce,
      },
      text: `Each key of ${plain(name)} may now make ${change.perMinute[scope]} ${scope} requests a minute.`,
      ...(change.inForce ? {} : { warning: NOT_IN_FORCE }),
    }
  },
})

const show = verb({
  summary: 'Shows how many requests a minute each key may make.',
  flags: { org },
  run: async ({ org }) => {
    const { organization } = await actFor(org)
    const { plan, perMinute } = await organizationLimits(organization.id)
    const { id, slug } = organization
    return { document: { id, slug, plan, limits: limitDocument(perMinute) }, text: limitTable(perMinute) }
  },
})

export const limitsVerbs = { set, show }

import { type Feature, lostFeatures } from '../core/plans'
import type { OperatorPrincipal, Plan } from '../core/principal'
import { db } from '../store/db'
import { allowlistStanding } from './allowlist-ranges'
import { activeConnection } from './sso-connections'

/** What a lower plan does to something that is set up. */
export interface PlanEffect {
  feature: Feature
  /** A sentence for whoever is about to do it. */
  what: string
  /** Whether something stops that works now. */
  switchesOff: boolean
}

type Finding = Omit<PlanEffect, 'feature'> | null

/**
 * What becomes of each feature that is in use when its plan goes, null where it is not in use. What goes on although
 * nothing of it can be changed is said too (decision 77).
 */
const effects: Readonly<Partial<Record<Feature, (organizationId: string) => Promise<Finding>>>> = {
  custom_limits: async (organizationId) => {
    const count = await db().rateLimit.count({ where: { organizationId } })
    const scopes = count === 1 ? 'of one scope' : `of ${count} scopes`
    const what = `The custom limits ${scopes} stop counting; the defaults hold from then on.`
    return count === 0 ? null : { what, switchesOff: true }
  },
  ip_allowlist: async (organizationId) => {
    const { inForce, ranges } = await allowlistStanding(organizationId)
    const size = ranges === 1 ? '1 range' : `${ranges} ranges`
    const what = `The IP allowlist (${size}) stays in force: requests from elsewhere are refused as before. Ranges can be removed and the list switched off; none can be added.`
    return inForce ? { what, switchesOff: false } : null
  },
  sso: async (organizationId) => {
    const connection = await activeConnection(organizationId)
    if (!connection) return null
    const enforced = connection.enforcedAt ? ', enforced' : ''
    const what = `Single sign-on (${connection.name}${enforced}) goes on as it is, but nothing of it can be added or changed.`
    return { what, switchesOff: false }
  },
}

/** What setting this plan would do to what the organization has in use; nothing where it has no less afterwards. */
export async function planEffects(
  { organizationId }: OperatorPrincipal,
  { from, to }: { from: Plan; to: Plan },
): Promise<PlanEffect[]> {
  const found: PlanEffect[] = []
  for (const feature of lostFeatures(from, to)) {
    const effect = await effects[feature]?.(organizationId)
    if (effect) found.push({ feature, ...effect })
  }
  return found
}

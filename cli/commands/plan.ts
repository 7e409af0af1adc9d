import { type AllowlistState, allowlistState } from '../../lib/domain/allowlist-ranges'
import { setPlan } from '../../lib/domain/plans'
import { actFor, org, plan } from '../flags'
import { count, plain, print } from '../output'
import { verb } from '../verb'
import { limitDocument, NOT_IN_FORCE } from './limits'

/** What a lower plan leaves as it is. */
function allowlistNote({ inForce, ranges }: AllowlistState): string | null {
  if (!inForce) return null
  return `The IP allowlist (${count(ranges.length, 'range')}) stays in force: requests from elsewhere are refused as before. Ranges can be removed and the list switched off; none can be added on this plan.`
}

const set = verb({
  summary: "Sets an organization's plan.",
  flags: { org, plan },
  run: async ({ org, plan }) => {
    const { organization, principal } = await actFor(org)
    const kept = plan === 'enterprise' ? null : allowlistNote(await allowlistState(principal))
    if (kept) await print(process.stderr, kept)
    const change = await setPlan(principal, plan)
    const { id, slug, name } = organization
    return {
      document: {
        id,
        slug,
        plan: change.plan,
        limits: limitDocument(change),
        in_force: change.inForce,
      },
      text: `${plain(name)} is now on the plan ${change.plan}.`,
      ...(change.inForce ? {} : { warning: NOT_IN_FORCE }),
    }
  },
})

export const planVerbs = { set }

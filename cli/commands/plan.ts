import { setPlan } from '../../lib/domain/plans'
import { actFor, org, plan } from '../flags'
import { plain } from '../output'
import { verb } from '../verb'
import { limitDocument, NOT_IN_FORCE } from './limits'

const set = verb({
  summary: "Sets an organization's plan.",
  flags: { org, plan },
  run: async ({ org, plan }) => {
    const { organization, principal } = await actFor(org)
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

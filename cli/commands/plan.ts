import { TwigError } from '../../lib/core/errors'
import { type PlanEffect, planEffects } from '../../lib/domain/plan-effects'
import { setPlan } from '../../lib/domain/plans'
import { actFor, org, plan, toggle } from '../flags'
import { plain } from '../output'
import { verb } from '../verb'
import { limitDocument, NOT_IN_FORCE } from './limits'

const sentences = (effects: readonly PlanEffect[]) => effects.map(({ what }) => what).join(' ')

/** Throws conflict, with all that it would do, where something that works now would stop. */
function requireYes(plan: string, effects: readonly PlanEffect[]): void {
  if (!effects.some(({ switchesOff }) => switchesOff)) return
  throw new TwigError(
    'conflict',
    `Nothing was changed. The plan ${plan} would do this: ${sentences(effects)} Add --yes to do it.`,
    { details: { effects: documentOf(effects) } },
  )
}

const documentOf = (effects: readonly PlanEffect[]) =>
  effects.map(({ feature, what, switchesOff }) => ({ feature, what, switches_off: switchesOff }))

const set = verb({
  summary: "Sets an organization's plan; says first what that would switch off.",
  flags: { org, plan, yes: toggle('Also where something that is in use stops.') },
  run: async ({ org, plan, yes }) => {
    const { organization, principal } = await actFor(org)
    const effects = await planEffects(principal, { from: organization.plan, to: plan })
    if (!yes) requireYes(plan, effects)
    const change = await setPlan(principal, plan)
    const { id, slug, name } = organization
    return {
      document: {
        id,
        slug,
        plan: change.plan,
        limits: limitDocument(change),
        effects: documentOf(effects),
        in_force: change.inForce,
      },
      text: [`${plain(name)} is now on the plan ${change.plan}.`, plain(sentences(effects))].join(' ').trim(),
      ...(change.inForce ? {} : { warning: NOT_IN_FORCE }),
    }
  },
})

export const planVerbs = { set }

import { TwigError } from './errors'
import { type Plan, plans } from './principal'

export const planNames: Readonly<Record<Plan, string>> = {
  free: 'Free',
  pro: 'Pro',
  enterprise: 'Enterprise',
}

/** What an organization may use from which plan on (G2). The one table; whatever is not in it is on every plan. */
export const features = {
  sso: {
    plan: 'enterprise',
    name: 'Single sign-on',
    about: 'People sign in through the company’s identity provider, by SAML 2.0 or OpenID Connect.',
  },
  ip_allowlist: {
    plan: 'enterprise',
    name: 'The IP allowlist',
    about: 'Requests from other addresses are refused.',
  },
  custom_limits: {
    plan: 'enterprise',
    name: 'Custom rate limits',
    about: 'Requests a minute, for each key and for all of them together, as the operator sets them.',
  },
} as const satisfies Record<string, { plan: Plan; name: string; about: string }>

export type Feature = keyof typeof features

/** Whether a plan has the feature: its own plan has it, and every higher one. */
export function planIncludes(plan: Plan, feature: Feature): boolean {
  return plans.indexOf(plan) >= plans.indexOf(features[feature].plan)
}

/** The 403 of a plan without the feature, which names it and the plan that has it; null where this plan does. */
export function lackOfPlan(plan: Plan, feature: Feature): TwigError | null {
  if (planIncludes(plan, feature)) return null
  const { name, plan: required } = features[feature]
  const needs = name.endsWith('s') ? 'need' : 'needs'
  return new TwigError('plan_required', `${name} ${needs} the ${planNames[required]} plan.`, {
    details: { feature, required_plan: required, plan },
  })
}

/** Throws plan_required unless the plan has the feature. */
export function requireFeature(plan: Plan, feature: Feature): void {
  const error = lackOfPlan(plan, feature)
  if (error) throw error
}

/** Features of the first plan that the other lacks. */
export function lostFeatures(from: Plan, to: Plan): Feature[] {
  return (Object.keys(features) as Feature[]).filter(
    (feature) => planIncludes(from, feature) && !planIncludes(to, feature),
  )
}

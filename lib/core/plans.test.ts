import { expect, test } from 'vitest'
import { type Feature, features, lostFeatures, planIncludes, requireFeature } from './plans'

// By hand from spec.md G2: Enterprise unlocks D (single sign-on), F5 (the allowlist) and custom limits; Pro nothing.
const ENTERPRISE_ONLY: Feature[] = ['sso', 'ip_allowlist', 'custom_limits']

test('Enterprise unlocks single sign-on, the allowlist and custom limits, and nothing is left out', () => {
  expect(Object.keys(features).sort()).toEqual([...ENTERPRISE_ONLY].sort())
  for (const feature of ENTERPRISE_ONLY) {
    expect(planIncludes('enterprise', feature)).toBe(true)
    expect(planIncludes('pro', feature)).toBe(false)
    expect(planIncludes('free', feature)).toBe(false)
  }
})

test('a refusal names the feature and the plan that has it', () => {
  expect(() => requireFeature('enterprise', 'sso')).not.toThrow()
  for (const feature of ENTERPRISE_ONLY) {
    for (const plan of ['free', 'pro'] as const) {
      const details = { feature, required_plan: 'enterprise', plan }
      const refused = expect.objectContaining({ code: 'plan_required', details })
      expect(() => requireFeature(plan, feature)).toThrow(refused)
    }
  }
  expect(() => requireFeature('free', 'custom_limits')).toThrow(
    'Custom rate limits need the Enterprise plan.',
  )
  expect(() => requireFeature('free', 'sso')).toThrow('Single sign-on needs the Enterprise plan.')
})

test('a change between Free and Pro takes nothing away, and neither does a step up', () => {
  expect(lostFeatures('pro', 'free')).toEqual([])
  expect(lostFeatures('free', 'enterprise')).toEqual([])
  expect(lostFeatures('enterprise', 'pro')).toEqual(ENTERPRISE_ONLY)
  expect(lostFeatures('enterprise', 'free')).toEqual(ENTERPRISE_ONLY)
})

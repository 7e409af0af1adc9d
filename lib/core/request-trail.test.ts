import { describe, expect, test } from 'vitest'
import { type ErrorCode, errorTable } from './errors'
import { failedStep, type JudgedRequest, type TrailStep, trailOf, trailSteps } from './request-trail'

const key = {
  name: 'CI',
  masked: 'twigsk_live_a1b2…wxyz',
  environment: 'live',
  scopes: ['read', 'execute'],
} as const

/** A request that was let through and answered 200. */
const well: JudgedRequest = {
  method: 'POST',
  path: '/query',
  environment: 'live',
  needs: { scope: 'execute', bucket: 'execute' },
  key,
  namedById: false,
  clientIp: '203.0.113.7',
  isListed: false,
  plan: 'free',
  bucket: { holder: 'key', limit: 100, remaining: 99 },
  admitted: true,
  status: 200,
  code: null,
  message: '',
}

const refused = (code: ErrorCode, changes: Partial<JudgedRequest> = {}): JudgedRequest => ({
  ...well,
  admitted: false,
  status: errorTable[code].status,
  code,
  message: errorTable[code].fix,
  ...changes,
})

describe('the trail of a request', () => {
  test('has every step once, in the order of the gate, each with a sentence', () => {
    const trail = trailOf(well)
    expect(trail.map(({ step }) => step)).toEqual(trailSteps)
    for (const { detail } of trail) expect(detail).toMatch(/^[A-Z“].*\.$/s)
    expect(trail.filter(({ outcome }) => outcome === 'passed')).toHaveLength(trailSteps.length - 1)
    expect(trail.find(({ step }) => step === 'plan')?.outcome).toBe('not_needed')
  })

  const cases: [ErrorCode, TrailStep, Partial<JudgedRequest>?][] = [
    ['insecure_transport', 'transport'],
    ['not_found', 'route'],
    ['method_not_allowed', 'route'],
    ['missing_authorization', 'header', { key: null }],
    ['missing_bearer_prefix', 'header', { key: null }],
    ['whitespace_in_key', 'header', { key: null }],
    ['invalid_key_format', 'header', { key: null }],
    ['invalid_api_key', 'tag', { key: null }],
    ['invalid_api_key', 'key'],
    ['revoked_api_key', 'key'],
    ['disabled_api_key', 'key'],
    ['expired_api_key', 'key'],
    ['temporarily_unavailable', 'key'],
    ['temporarily_unavailable', 'key', { clientIp: null }],
    ['temporarily_unavailable', 'key', { isListed: true }],
    ['temporarily_unavailable', 'address', { isListed: true, clientIp: null }],
    ['wrong_environment', 'environment'],
    ['insufficient_scope', 'scope'],
    ['rate_limit_exceeded', 'bucket'],
  ]
  test.each(cases)(
    'refused with %s fails at %s: what was before passed, what comes after was not looked at',
    (code, step, changes) => {
      const request = refused(code, changes)
      const trail = trailOf(request)
      const at = trailSteps.indexOf(step)
      expect(failedStep(request)).toBe(step)
      expect(trail[at]).toEqual({ step, outcome: 'failed', detail: request.message })
      for (const { outcome } of trail.slice(0, at)) expect(['passed', 'not_needed']).toContain(outcome)
      for (const { outcome } of trail.slice(at + 1)) expect(outcome).toBe('not_reached')
    },
  )

  test('that the work refused passed the whole gate', () => {
    const request = { ...well, status: 404, code: 'not_found', message: 'There is no agent with this id.' }
    const trail = trailOf(request)
    expect(failedStep(request)).toBe('answer')
    expect(trail.at(-1)).toEqual({ step: 'answer', outcome: 'failed', detail: request.message })
    expect(trail.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1)
    expect(trail.some(({ outcome }) => outcome === 'not_reached')).toBe(false)
  })

  test('that lacks a plan fails at the plan, with its token taken', () => {
    const request = { ...well, status: 403, code: 'plan_required', message: 'This needs Enterprise.' }
    const outcomes = new Map(trailOf(request).map(({ step, outcome }) => [step, outcome]))
    expect(outcomes.get('plan')).toBe('failed')
    expect(outcomes.get('bucket')).toBe('passed')
    expect(outcomes.get('answer')).toBe('not_reached')
  })

  test('of a route that not every plan has says which plan it needs, and what there was', () => {
    const needs = { scope: 'admin', bucket: 'admin', feature: 'ip_allowlist' } as const
    const request: JudgedRequest = { ...well, path: '/ip-allowlist', needs, plan: 'enterprise' }
    const step = (changes: Partial<JudgedRequest> = {}) =>
      trailOf({ ...request, ...changes }).find((entry) => entry.step === 'plan')
    const needed = 'The IP allowlist needs the Enterprise plan'
    expect(step()).toMatchObject({
      outcome: 'passed',
      detail: `${needed}; the organization has Enterprise.`,
    })
    expect(step({ plan: null })?.detail).toBe(`${needed}, which the organization had.`)
    expect(step({ plan: null, status: 409, code: 'conflict' })?.detail).toBe(`${needed}.`)
  })

  test('named by a key’s id says that the header is not known', () => {
    const trail = trailOf({ ...well, namedById: true, status: null })
    const outcome = (step: TrailStep) => trail.find((entry) => entry.step === step)?.outcome
    expect([outcome('header'), outcome('tag'), outcome('key')]).toEqual([
      'not_needed',
      'not_needed',
      'passed',
    ])
    expect(trail.at(-1)).toEqual({ step: 'answer', outcome: 'not_reached', detail: 'Nothing was done.' })
  })

  test('of a route that needs no key asks for none', () => {
    const open = { ...well, method: 'GET', path: '/openapi.json', needs: null, key: null, bucket: null }
    const trail = trailOf(open)
    expect(trail.filter(({ detail }) => detail === 'This route needs no key.')).toHaveLength(8)
  })

  test('says what was looked at: address, scope, bucket', () => {
    const detail = (request: JudgedRequest, step: TrailStep) =>
      trailOf(request).find((entry) => entry.step === step)?.detail
    expect(detail(well, 'key')).toContain('CI (twigsk_live_a1b2…wxyz)')
    expect(detail(well, 'address')).toContain('203.0.113.7')
    expect(detail({ ...well, clientIp: null }, 'address')).toContain('not known')
    expect(detail(well, 'scope')).toBe('POST /query needs execute; the key has read, execute.')
    const narrowed = { ...well, key: { ...key, scopes: ['read' as const] } }
    expect(detail(narrowed, 'scope')).toBe('POST /query needs execute, which the key had.')
    expect(detail(well, 'bucket')).toBe('The execute bucket has 99 of 100 tokens for this key.')
    const shared = { ...well, bucket: { holder: 'organization' as const, limit: 1000, remaining: 3 } }
    expect(detail(shared, 'bucket')).toContain('all keys of the organization together')
  })
})

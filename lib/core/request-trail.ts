import { type Feature, features, planNames } from './plans'
import type { Environment, Plan, Scope } from './principal'
import { matchesScope } from './principal'
import { REFUSED_KEPT_MAX } from './usage'

/** What a request of the API passes, in this order; the last is the work itself. */
export const trailSteps = [
  'transport',
  'route',
  'header',
  'tag',
  'key',
  'environment',
  'address',
  'scope',
  'plan',
  'bucket',
  'answer',
] as const
export type TrailStep = (typeof trailSteps)[number]

export const stepOutcomes = ['passed', 'failed', 'not_reached', 'not_needed'] as const
export type StepOutcome = (typeof stepOutcomes)[number]

/** One step of the way, with what was looked at. */
export interface TrailEntry {
  step: TrailStep
  outcome: StepOutcome
  detail: string
}

/** A request as it was judged, or as it would be: what is known of it. */
export interface JudgedRequest {
  method: string
  /** Relative to the API's base. */
  path: string
  /** Of the base that was called. */
  environment: Environment
  /** What the policy asks for; null when it has no such row or the row needs no key. */
  needs: { scope: Scope | 'any'; bucket: Scope; feature?: Feature | undefined } | null
  key: { name: string; masked: string; environment: Environment; scopes: readonly Scope[] } | null
  /** The key was named by its id: what a program sends for it is not known. */
  namedById: boolean
  clientIp: string | null
  /** Whether an IP allowlist was in force; null when that is not known. */
  isListed: boolean | null
  plan: Plan | null
  /** After the decision; null when it was not made or not kept. */
  bucket: { holder: 'key' | 'organization'; limit: number; remaining: number } | null
  /** Whether the gate let it through. */
  admitted: boolean
  /** Of the answer; null while there is none. */
  status: number | null
  /** Of the error that was answered, by the gate or the work; null when nothing went wrong. */
  code: string | null
  /** What the caller was told to do. */
  message: string
}

/** Why a request may not be found although one of the organization's keys made it. */
export const REFUSED_KEPT = `Of what one key is refused within a minute, the first ${REFUSED_KEPT_MAX} requests are kept; the others are counted in its Usage tab, but not kept one by one.`

/** Where the gate stands when it answers a code. */
const STEP_OF_CODE: Readonly<Record<string, TrailStep>> = {
  insecure_transport: 'transport',
  not_found: 'route',
  method_not_allowed: 'route',
  missing_authorization: 'header',
  missing_bearer_prefix: 'header',
  whitespace_in_key: 'header',
  invalid_key_format: 'header',
  invalid_api_key: 'tag',
  revoked_api_key: 'key',
  disabled_api_key: 'key',
  expired_api_key: 'key',
  temporarily_unavailable: 'key',
  wrong_environment: 'environment',
  ip_not_allowed: 'address',
  insufficient_scope: 'scope',
  plan_required: 'plan',
  rate_limit_exceeded: 'bucket',
}

/** The first step that a request failed at; null when nothing failed. */
export function failedStep({ code, admitted, key, clientIp, isListed }: JudgedRequest): TrailStep | null {
  if (code === null) return null
  // A plan is asked for by the work, and stands in the trail where people look for it.
  if (admitted) return code === 'plan_required' ? 'plan' : 'answer'
  // With a tag of ours, a secret that is not the row's.
  if (code === 'invalid_api_key' && key) return 'key'
  // With a list in force, an address that nobody knows.
  if (code === 'temporarily_unavailable' && isListed && clientIp === null) return 'address'
  return STEP_OF_CODE[code] ?? 'route'
}

/** The whole way of a request, each step with its outcome: those before the failure passed, those after were not reached. */
export function trailOf(request: JudgedRequest): TrailEntry[] {
  const failed = failedStep(request)
  const failedAt = failed === null ? trailSteps.length : trailSteps.indexOf(failed)
  return trailSteps.map((step, at) => {
    if (at === failedAt) return { step, outcome: 'failed', detail: request.message }
    const reached = at < failedAt || (request.admitted && step !== 'answer')
    if (!reached || (step === 'answer' && request.status === null)) {
      return { step, outcome: 'not_reached', detail: NOT_REACHED[step] ?? 'Not looked at.' }
    }
    return { step, ...passed(step, request) }
  })
}

const NOT_REACHED: Readonly<Partial<Record<TrailStep, string>>> = { answer: 'Nothing was done.' }

const names: Readonly<Record<Environment, string>> = { live: 'Live', test: 'Test' }

function passed(step: TrailStep, request: JudgedRequest): Omit<TrailEntry, 'step'> {
  const isOpen = request.needs === null && request.admitted
  if (isOpen && KEY_STEPS.has(step)) return { outcome: 'not_needed', detail: 'This route needs no key.' }
  if (request.namedById && (step === 'header' || step === 'tag')) {
    return {
      outcome: 'not_needed',
      detail: 'The key was named by its id; what a program sends is not known.',
    }
  }
  if (step === 'plan' && !request.needs?.feature)
    return { outcome: 'not_needed', detail: 'No plan is asked for here.' }
  return { outcome: 'passed', detail: factOf(step, request) }
}

const KEY_STEPS: ReadonlySet<TrailStep> = new Set([
  'header',
  'tag',
  'key',
  'environment',
  'address',
  'scope',
  'plan',
  'bucket',
])

function factOf(step: TrailStep, request: JudgedRequest): string {
  const { method, path, environment, needs, key, bucket, status } = request
  switch (step) {
    case 'transport':
      return 'Over https, or this Twig is set up for http.'
    case 'route':
      return `${method} ${path} is a route of the ${names[environment]} API.`
    case 'header':
      return 'The Authorization header is Bearer and a text with the form of a key.'
    case 'tag':
      return 'The key’s last eight characters show that this Twig made it.'
    case 'key':
      return key
        ? `${key.name} (${key.masked}) was neither deleted, disabled nor past its end.`
        : 'It is known.'
    case 'environment':
      return `A ${names[environment]} key on the ${names[environment]} API.`
    case 'address':
      return addressFact(request)
    case 'scope':
      return scopeFact(request)
    case 'plan':
      return planFact(request)
    case 'bucket':
      return bucketFact(needs?.bucket, bucket)
    default:
      return `It was answered with ${status}.`
  }
}

function addressFact({ clientIp, isListed }: JudgedRequest): string {
  if (isListed) return `The IP allowlist holds ${clientIp}.`
  const rule =
    isListed === null ? 'Any address may call, or the IP allowlist held it' : 'Any address may call'
  return clientIp === null ? `${rule}; this one is not known.` : `${rule}; this one is ${clientIp}.`
}

function scopeFact({ method, path, needs, key }: JudgedRequest): string {
  if (!needs || needs.scope === 'any') return 'Every key may call this.'
  const needed = `${method} ${path} needs ${needs.scope}`
  // Scopes may have been narrowed since.
  if (!key || !matchesScope(key.scopes, needs.scope)) return `${needed}, which the key had.`
  return `${needed}; the key has ${key.scopes.join(', ')}.`
}

function planFact({ needs, plan, status }: JudgedRequest): string {
  if (!needs?.feature) return 'No plan is asked for here.'
  const { name, plan: required } = features[needs.feature]
  const needed = `${name} needs the ${planNames[required]} plan`
  // Only an answer tells that the work came as far as to ask.
  if (plan) return `${needed}; the organization has ${planNames[plan]}.`
  return status !== null && status < 400 ? `${needed}, which the organization had.` : `${needed}.`
}

function bucketFact(name: Scope | undefined, bucket: JudgedRequest['bucket']): string {
  if (!bucket) return `There was a token in the ${name ?? ''} bucket.`
  const whose = bucket.holder === 'key' ? 'this key' : 'all keys of the organization together'
  return `The ${name} bucket has ${bucket.remaining} of ${bucket.limit} tokens for ${whose}.`
}

import { wouldLockOut } from '../core/allowlist'
import { type ErrorCode, TwigError } from '../core/errors'
import { lackOfPlan } from '../core/plans'
import { AgentInput } from '../core/schemas'
import { modelError } from '../domain/model-errors'
import { tooManyAttempts } from '../domain/throttle'
import { refusalSample, refusedCodes } from '../edge/refusal-samples'
import { type Answer, refuse } from '../edge/verdict'
import { nodeEnv } from '../env/node'
import { ModelFailure } from '../store/model-failure'
import { invalidRequest } from './failure'

/** The id in a sample: every answer has one of its own. */
const REQUEST_ID = 'req_4fGh2Kq9ZrT7wXyB1cDe'

/** Headers that say something of the one error; what every answer carries is left out. */
const TELLING = /^(?:www-authenticate|retry-after|allow|x-ratelimit-.*|ratelimit.*)$/i

/** An error as it is answered. */
export interface ErrorSample {
  status: number
  headers: Readonly<Record<string, string>>
  /** JSON over several lines. */
  body: string
}

function isOfGate(code: ErrorCode): code is (typeof refusedCodes)[number] {
  return (refusedCodes as readonly ErrorCode[]).includes(code)
}

/** Errors of the work that say more than the table, each by what makes it when it happens. */
const made: Partial<Record<ErrorCode, () => TwigError>> = {
  invalid_request: () => {
    const parsed = AgentInput.safeParse({ name: '', temperature: 3 })
    return parsed.success ? new TwigError('invalid_request') : invalidRequest(parsed.error)
  },
  plan_required: () => lackOfPlan('free', 'ip_allowlist') ?? new TwigError('plan_required'),
  would_lock_out: () => wouldLockOut('203.0.113.7', 'Add that range first.'),
  too_many_failed_attempts: () => tooManyAttempts(60),
  external_key_rejected: () =>
    modelError(new ModelFailure('key_rejected', 'Incorrect API key provided.', 401), true),
  provider_error: () => modelError(new ModelFailure('rate_limited', 'Rate limit reached.', 429, 20), false),
  provider_timeout: () => modelError(new ModelFailure('too_slow', 'No answer within 60 s.'), false),
}

function answerOf(code: ErrorCode, appUrl: string): Answer {
  const error = made[code]?.() ?? new TwigError(code)
  const verdict = refuse(error, { requestId: REQUEST_ID, appUrl, surface: 'api' })
  if (verdict.kind !== 'refuse') throw new Error(`${code} is not answered as an error`)
  return verdict
}

/** A whole answer with the code, made by what answers it: by the gate for what it refuses, else by the error's own shape. */
export async function errorSample(code: ErrorCode): Promise<ErrorSample> {
  const { appUrl } = nodeEnv()
  const answer = isOfGate(code) ? await refusalSample(code, appUrl) : answerOf(code, appUrl)
  const told = Object.entries(answer.headers).filter(([name]) => TELLING.test(name))
  const body: unknown = { ...JSON.parse(answer.body ?? '{}'), request_id: REQUEST_ID }
  return { status: answer.status, headers: Object.fromEntries(told), body: JSON.stringify(body, null, 2) }
}

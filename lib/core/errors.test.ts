import { describe, expect, test } from 'vitest'
import { type ErrorCode, errorBody, errorTable, TwigError } from './errors'
import { ErrorAnswer } from './schemas'

const codes = Object.keys(errorTable) as ErrorCode[]

describe('the table', () => {
  /** contract.md 3, as far as this Twig has the feature. */
  const contract: Record<number, string[]> = {
    400: ['invalid_request', 'invalid_json'],
    401: [
      'missing_authorization',
      'missing_bearer_prefix',
      'whitespace_in_key',
      'invalid_key_format',
      'invalid_api_key',
      'wrong_environment',
      'revoked_api_key',
      'session_expired',
    ],
    403: [
      'insufficient_scope',
      'ip_not_allowed',
      'plan_required',
      'insecure_transport',
      'sso_invalid_assertion',
      'sso_domain_not_allowed',
    ],
    404: ['not_found'],
    405: ['method_not_allowed'],
    409: ['conflict', 'idempotency_conflict'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    429: ['rate_limit_exceeded', 'too_many_failed_attempts'],
    500: ['internal_error'],
    503: ['temporarily_unavailable', 'revocation_pending', 'sso_unavailable'],
  }
  test.each(Object.entries(contract))('has the codes of the contract for %s', (status, expected) => {
    for (const code of expected) expect(errorTable[code as ErrorCode].status).toBe(Number(status))
  })

  test.each(codes)('%s has a status, a short sentence, a meaning and a fix for the reference', (code) => {
    const entry = errorTable[code]
    expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/)
    expect(entry.status).toBeGreaterThanOrEqual(400)
    expect(entry.status).toBeLessThan(600)
    expect(entry.error).toMatch(/^[A-Z][^.]{3,40}$/)
    expect(entry.meaning).toMatch(/^[A-Z].{15,}\.$/)
    expect(entry.fix).toMatch(/^[A-Z`].{15,}\.$/)
    expect(Object.keys(entry).sort()).toEqual(['error', 'fix', 'meaning', 'status'])
  })

  test('calls every refused key by the same short name', () => {
    for (const code of codes.filter((name) =>
      /api_key|bearer|authorization|key_format|in_key|environment/.test(name),
    )) {
      expect(errorTable[code].error).toBe('Invalid API key')
      expect(errorTable[code].status).toBe(401)
    }
  })
})

describe('an error', () => {
  test.each(codes)('%s takes its status and sentences from the table', (code) => {
    const error = new TwigError(code)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'TwigError',
      code,
      status: errorTable[code].status,
      error: errorTable[code].error,
      message: errorTable[code].fix,
      details: {},
    })
  })

  test('of an outage says when to come back, any other does so only when told', () => {
    for (const code of codes) {
      expect(new TwigError(code).retryAfterSeconds).toBe(errorTable[code].status === 503 ? 1 : undefined)
    }
    expect(new TwigError('rate_limit_exceeded', undefined, { retryAfterSeconds: 7 }).retryAfterSeconds).toBe(
      7,
    )
    expect(
      new TwigError('temporarily_unavailable', undefined, { retryAfterSeconds: 9 }).retryAfterSeconds,
    ).toBe(9)
  })

  test('keeps its cause for the log and never shows it to the caller', () => {
    const cause = new Error('password=hunter2 at 10.0.0.7')
    const error = new TwigError('internal_error', undefined, { cause })
    expect(error.cause).toBe(cause)
    expect(JSON.stringify(errorBody(error, 'req_1', 'https://twig.example'))).not.toMatch(
      /hunter2|10\.0\.0\.7/,
    )
  })
})

describe('the answer', () => {
  test('has exactly the members of the contract, with details between', () => {
    const error = new TwigError('insufficient_scope', 'Make another key.', {
      error: 'API key lacks the execute scope',
      details: { required_scope: 'execute', scopes: ['read'] },
    })
    expect(errorBody(error, 'req_1', 'https://twig.example')).toEqual({
      error: 'API key lacks the execute scope',
      status: 403,
      code: 'insufficient_scope',
      message: 'Make another key.',
      required_scope: 'execute',
      scopes: ['read'],
      request_id: 'req_1',
      docs: 'https://twig.example/docs/errors#insufficient_scope',
    })
  })

  test.each(codes)('of %s fits the documented schema and links to its own entry', (code) => {
    const body = errorBody(new TwigError(code), 'req_1', 'https://twig.example')
    expect(ErrorAnswer.parse(body)).toEqual(body)
    expect(body.docs).toBe(`https://twig.example/docs/errors#${code}`)
  })
})

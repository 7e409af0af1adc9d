import { describe, expect, test } from 'vitest'
import { type ErrorCode, errorTable } from '../core/errors'
import { nodeEnv } from '../env/node'
import { errorSample } from './error-samples'

const codes = Object.keys(errorTable) as ErrorCode[]

describe('the sample of an error', () => {
  test.each(codes)(
    '%s is an answer with that code, its status, what to do, and the link to its section',
    async (code) => {
      const { status, body } = await errorSample(code)
      const told = JSON.parse(body)
      expect([status, told.status, told.code]).toEqual([
        errorTable[code].status,
        errorTable[code].status,
        code,
      ])
      expect(told.request_id).toMatch(/^req_/)
      expect(told.message).toMatch(/\S{2,}/)
      const origin =
        code === 'insecure_transport' ? nodeEnv().appUrl.replace('http:', 'https:') : nodeEnv().appUrl
      expect(told.docs).toBe(`${origin}/docs/errors#${code}`)
    },
  )

  test('shows the members and headers that tell the case', async () => {
    const scope = await errorSample('insufficient_scope')
    expect(JSON.parse(scope.body)).toMatchObject({ required_scope: 'execute', scopes: ['read'] })
    expect(scope.headers['WWW-Authenticate']).toContain('error="insufficient_scope"')
    const limit = await errorSample('rate_limit_exceeded')
    expect(JSON.parse(limit.body)).toMatchObject({ scope: 'execute', limit: 100, retry_after: 1 })
    expect(limit.headers).toMatchObject({ 'Retry-After': '1', 'X-RateLimit-Remaining': '0' })
    expect((await errorSample('method_not_allowed')).headers.Allow).toBe('OPTIONS, POST')
    expect((await errorSample('too_many_failed_attempts')).headers['Retry-After']).toBe('60')
    expect(JSON.parse((await errorSample('invalid_request')).body).fields).toHaveProperty('name')
    const address = JSON.parse((await errorSample('ip_not_allowed')).body)
    expect(address).toMatchObject({
      client_ip: '203.0.113.7',
      message: expect.stringContaining('203.0.113.7'),
    })
    expect(JSON.parse((await errorSample('would_lock_out')).body)).toMatchObject({
      client_ip: '203.0.113.7',
      missing_range: '203.0.113.7/32',
    })
    expect(JSON.parse((await errorSample('plan_required')).body)).toMatchObject({
      feature: 'ip_allowlist',
      required_plan: 'enterprise',
      plan: 'free',
    })
    const external = JSON.parse((await errorSample('external_key_rejected')).body)
    expect(external).toMatchObject({ provider_status: 401, detail: expect.any(String) })
  })

  test('carries nothing of a key', async () => {
    for (const code of codes)
      expect((await errorSample(code)).body).not.toMatch(/twigsk_(?:live|test)_\w{20}/)
  })
})

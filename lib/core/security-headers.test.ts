import { describe, expect, test } from 'vitest'
import { contentSecurityPolicy, STRICT_TRANSPORT_SECURITY, securityHeaders } from './security-headers'

test('every answer forbids sniffing, framing and leaking the address of a page', () => {
  expect(securityHeaders).toMatchObject({
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'strict-origin-when-cross-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
  })
})

test('https is remembered for a year', () => {
  expect(STRICT_TRANSPORT_SECURITY).toBe('max-age=31536000')
})

describe('the content security policy', () => {
  const directives = (development: boolean) =>
    new Map(
      contentSecurityPolicy('n0nce', development)
        .split('; ')
        .map((part) => {
          const [name = '', ...values] = part.split(' ')
          return [name, values]
        }),
    )

  test('runs only scripts with the nonce of this answer and those they load', () => {
    expect(directives(false).get('script-src')).toEqual(["'self'", "'nonce-n0nce'", "'strict-dynamic'"])
  })

  test('lets eval through in development alone, inline scripts never', () => {
    expect(directives(true).get('script-src')).toContain("'unsafe-eval'")
    for (const development of [true, false]) {
      expect(directives(development).get('script-src')).not.toContain("'unsafe-inline'")
    }
  })

  test('forbids frames, plugins, a foreign base and foreign forms, and calls home only', () => {
    const policy = directives(false)
    expect(policy.get('frame-ancestors')).toEqual(["'none'"])
    expect(policy.get('object-src')).toEqual(["'none'"])
    expect(policy.get('base-uri')).toEqual(["'none'"])
    expect(policy.get('form-action')).toEqual(["'self'"])
    expect(policy.get('connect-src')).toEqual(["'self'"])
    expect(policy.get('default-src')).toEqual(["'self'"])
  })

  test('names no foreign host and no whole scheme but images from data and blob', () => {
    expect(contentSecurityPolicy('n', false)).not.toMatch(/https?:|\*/)
    expect(directives(false).get('img-src')).toEqual(["'self'", 'data:', 'blob:'])
  })
})

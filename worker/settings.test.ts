import { describe, expect, test } from 'vitest'
import { readSettings } from './settings'
import { readWranglerFile } from './testing/workerd'

const SECRET = 'a secret of the tests, which is long enough'
const good = {
  APP_URL: 'https://twig.example.com/',
  TWIG_ORIGINS: 'https://one.example.com, https://two.example.com:8443',
  TWIG_SESSION_SECRET: `${SECRET} 1`,
  TWIG_KEY_PEPPER: `${SECRET} 2`,
  TWIG_GATEWAY_SECRET: `${SECRET} 3`,
  UPSTASH_REDIS_REST_URL: 'https://name.upstash.io',
  UPSTASH_REDIS_REST_TOKEN: 'token',
}
const problemsOf = (changes: Record<string, unknown>) => {
  try {
    readSettings({ ...good, ...changes })
    return ''
  } catch (error) {
    return String(error)
  }
}

describe('the Worker’s configuration', () => {
  test('is read: servers in turn, one hop that is the platform, no trust in anything else', () => {
    const { env, origins } = readSettings(good)
    expect(origins).toEqual(['https://one.example.com', 'https://two.example.com:8443'])
    expect(env).toMatchObject({ appUrl: 'https://twig.example.com', instances: 1, development: false })
    expect(env).toMatchObject({ trustedProxyHops: 1, peerAppended: false, demandsPass: false })
    expect(env.gatewaySecret).toBe(`${SECRET} 3`)
  })

  test.each(Object.keys(good))('names %s where it is missing, empty or no text', (name) => {
    for (const value of [undefined, '', '  ', 7]) expect(problemsOf({ [name]: value })).toContain(name)
  })

  test('names every problem at once, and quotes no secret', () => {
    const told = problemsOf({
      APP_URL: 'twig',
      TWIG_KEY_PEPPER: 'short-secret',
      UPSTASH_REDIS_REST_TOKEN: '',
    })
    for (const name of ['APP_URL', 'TWIG_KEY_PEPPER', 'UPSTASH_REDIS_REST_TOKEN'])
      expect(told).toContain(name)
    expect(told).not.toContain('short-secret')
  })

  test.each([
    'http://one.example.com',
    'http://10.0.0.1',
    'http://localhost.example.com',
    'https://one.example.com/path',
    'https://one.example.com?x=1',
    'https://user:password@one.example.com',
    'ftp://one.example.com',
    'one.example.com',
  ])('takes no server at %s: passes travel there', (url) => {
    expect(problemsOf({ TWIG_ORIGINS: `https://two.example.com,${url}` })).toContain('TWIG_ORIGINS')
    expect(problemsOf({ UPSTASH_REDIS_REST_URL: url })).toContain('UPSTASH_REDIS_REST_URL')
  })

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000'])(
    'takes plain http on this machine: %s',
    (url) => expect(problemsOf({ TWIG_ORIGINS: url })).toBe(''),
  )

  test('takes no server at its own address, which would call itself', () => {
    expect(problemsOf({ TWIG_ORIGINS: 'https://twig.example.com' })).toContain('call itself')
  })

  test('as wrangler.jsonc has it is whole but for the secrets, and leaves no other way in', () => {
    const { vars, ...file } = readWranglerFile()
    expect(problemsOf(vars)).toBe('')
    const secrets = Object.keys(good).filter((name) => !(name in vars))
    expect(secrets).toHaveLength(5)
    for (const name of secrets) expect(JSON.stringify(file)).not.toContain(name)
    expect(file).toMatchObject({ main: 'index.ts', workers_dev: false, preview_urls: false })
  })
})

import { expect, test } from 'vitest'
import { validateEnv } from './node'

const SECRET = 'qK3vT9-example-free-0Zr8mW1xYp6uBn4'
const KEY = `k1:${Buffer.alloc(32, 7).toString('base64')}`
const SECRETS = {
  TWIG_SESSION_SECRET: SECRET,
  TWIG_KEY_PEPPER: SECRET,
  TWIG_GATEWAY_SECRET: SECRET,
  TWIG_ENCRYPTION_KEYS: KEY,
}
const DATABASE_URL = 'postgresql://u:p@db.example:5432/twig'

function problems(env: Record<string, string | undefined>): string[] {
  const checked = validateEnv(env)
  return checked.ok ? [] : checked.problems
}

function value(env: Record<string, string>) {
  const checked = validateEnv(env)
  if (!checked.ok) throw new Error(checked.problems.join('\n'))
  return checked.value
}

test('nothing has to be set for a first run', () => {
  expect(value({})).toMatchObject({
    appUrl: 'http://localhost:3000',
    port: 3000,
    databaseUrl: undefined,
    redis: { kind: 'embedded' },
    trustedProxyHops: 0,
    signup: 'open',
    webConcurrency: 1,
    gate: 'server',
    logLevel: 'info',
    metricsToken: undefined,
    traces: undefined,
    tls: undefined,
  })
})

test('an empty variable is an absent one', () => {
  expect(value({ PORT: '', APP_URL: ' ', REDIS_URL: '', TWIG_SESSION_SECRET: '' })).toMatchObject({
    port: 3000,
  })
})

test('the public address follows the port and the scheme, and loses its last slash', () => {
  expect(value({ PORT: '4000' }).appUrl).toBe('http://localhost:4000')
  expect(value({ TLS_CERT_FILE: 'c.pem', TLS_KEY_FILE: 'k.pem' }).appUrl).toBe('https://localhost:3000')
  expect(value({ APP_URL: 'https://twig.example/' }).appUrl).toBe('https://twig.example')
})

test('with a database of one’s own every missing secret is named in one go', () => {
  const named = problems({ DATABASE_URL }).join('\n')
  for (const name of Object.keys(SECRETS)) expect(named).toContain(`${name} is not set`)
  expect(problems({ DATABASE_URL, ...SECRETS })).toEqual([])
})

test('the address of Postgres itself goes with that of a pooler, and not alone', () => {
  const DATABASE_DIRECT_URL = DATABASE_URL
  expect(problems({ DATABASE_DIRECT_URL }).join('\n')).toContain('DATABASE_DIRECT_URL is set although')
  const both = { DATABASE_URL, DATABASE_DIRECT_URL, ...SECRETS }
  expect(problems(both)).toEqual([])
  expect(value(both).directDatabaseUrl).toBe(DATABASE_URL)
  expect(value({ DATABASE_URL, ...SECRETS }).directDatabaseUrl).toBeUndefined()
})

test('every problem is named at once', () => {
  const named = problems({
    PORT: '70000',
    APP_URL: 'https://twig.example/path',
    TRUSTED_PROXY_HOPS: '-1',
    SIGNUP: 'perhaps',
    LOG_LEVEL: 'loud',
    TWIG_KEY_PEPPER: 'short',
    UPSTASH_REDIS_REST_URL: 'https://a.example',
    GOOGLE_CLIENT_ID: 'id',
  })
  expect(named).toHaveLength(8)
  for (const name of ['PORT', 'APP_URL', 'TRUSTED_PROXY_HOPS', 'SIGNUP', 'LOG_LEVEL', 'TWIG_KEY_PEPPER']) {
    expect(named.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1)
  }
})

test('no problem quotes a value', () => {
  const named = problems({
    TWIG_KEY_PEPPER: 'hunter2',
    TWIG_ENCRYPTION_KEYS: 'k:hunter2',
    SMTP_URL: 'hunter2',
  })
  expect(named).toHaveLength(3)
  expect(named.join()).not.toContain('hunter2')
})

test.each([
  'changeme-changeme-changeme-changeme',
  'change_me_0123456789abcdef0123456789',
  'secretsecretsecretsecretsecretsecret',
  'super-secret-session-secret-1234567890',
  'passwordpasswordpasswordpassword123!',
  'dummy-3f9a0c7d1e5b48629f3a0c7d1e5b4862',
  'your-secret-key-goes-here-0123456789ab',
  'twig-session-secret-for-development-00',
  'placeholder-3f9a0c7d1e5b48629f3a0c7d1e',
  'replace-me-with-32-random-characters',
  'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  'changemexxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  'example-3f9a0c7d1e5b48629f3a0c7d1e5b48',
  '00000000000000000000000000000000',
])('the example %s is refused as a secret', (secret) => {
  expect(problems({ TWIG_SESSION_SECRET: secret })).toEqual([
    expect.stringMatching(/^TWIG_SESSION_SECRET is a known example or default/),
  ])
})

test.each([
  'correct horse battery staple, and on',
  '3f9a0c7d1e5b48629f3a0c7d1e5b4862',
  'grüße-aus-münchen-äöü-äöü-äöü-äöü-42',
  'acceptance-session-key-Zr8mW1xYp6uBn4',
])('any other string of 32 characters is taken as it is: %s', (secret) => {
  expect(value({ TWIG_SESSION_SECRET: secret }).secrets.sessionSecret).toBe(secret)
})

test('a secret is counted in characters, not in bytes', () => {
  expect(problems({ TWIG_SESSION_SECRET: 'ä𝄞q'.repeat(10) })).toHaveLength(1)
  expect(problems({ TWIG_SESSION_SECRET: 'ä𝄞q'.repeat(11) })).toEqual([])
})

test('the key ring keeps its order and takes exactly 32 bytes a key', () => {
  const ring = value({ TWIG_ENCRYPTION_KEYS: `new:${Buffer.alloc(32, 9).toString('base64')}, ${KEY}` })
    .secrets.encryptionKeys
  expect(ring?.map(({ id }) => id)).toEqual(['new', 'k1'])
  expect(ring?.every(({ key }) => key.length === 32)).toBe(true)
  for (const bytes of [16, 31, 33, 64]) {
    const key = `k:${Buffer.alloc(bytes, 7).toString('base64')}`
    expect(problems({ TWIG_ENCRYPTION_KEYS: key })).toEqual([expect.stringContaining('exactly 32 bytes')])
  }
})

test.each([
  `k:${Buffer.alloc(32).toString('base64')}`,
  `k:${Buffer.from('changeme'.repeat(4)).toString('base64')}`,
  `${KEY},${KEY}`,
  Buffer.alloc(32, 7).toString('base64'),
  'k:not base64 at all, really not',
])('the key ring %s is refused', (ring) => {
  expect(problems({ TWIG_ENCRYPTION_KEYS: ring }).length).toBeGreaterThan(0)
})

test('Redis is one place only', () => {
  const upstash = { UPSTASH_REDIS_REST_URL: 'https://a.example', UPSTASH_REDIS_REST_TOKEN: 't' }
  expect(value(upstash).redis).toEqual({ kind: 'upstash', url: 'https://a.example', token: 't' })
  expect(value({ REDIS_URL: 'redis://localhost' }).redis).toEqual({ kind: 'redis', url: 'redis://localhost' })
  expect(problems({ ...upstash, REDIS_URL: 'redis://localhost' })).toHaveLength(1)
  expect(problems({ UPSTASH_REDIS_REST_TOKEN: 't' })).toEqual([
    expect.stringMatching(/^UPSTASH_REDIS_REST_URL is not set/),
  ])
})

test.each([
  { SLACK_BASE_URL: 'http://slack.example' },
  { TWIG_ALLOW_PRIVATE_ENDPOINTS: '10.0.0.0/33' },
  { TWIG_ALLOW_PRIVATE_ENDPOINTS: '10.0.0.1' },
  { TWIG_DNS_SERVERS: 'dns.example' },
  { DATABASE_URL: 'mysql://localhost/twig', ...SECRETS },
  { APP_URL: 'ftp://twig.example' },
  { APP_URL: 'twig.example' },
  { WEB_CONCURRENCY: '0' },
  { PORT: '3000x' },
  { MAIL_FROM: 'nobody' },
  { TLS_CERT_FILE: 'cert.pem' },
  { TWIG_GATE: 'both' },
  { TWIG_GATE: 'worker' },
  { METRICS_TOKEN: 'shorter than 32 characters' },
  { METRICS_TOKEN: 'changeme-changeme-changeme-changeme' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' },
  { OTEL_TRACES_SAMPLER_ARG: '2' },
  { OTEL_TRACES_SAMPLER_ARG: '-0.5' },
])('%j is a problem', (env) => {
  expect(problems(env)).toHaveLength(1)
})

test('a gate in front is told where the Redis is that both look at', () => {
  const gate = { TWIG_GATE: 'worker' }
  expect(problems(gate)[0]).toContain('UPSTASH_REDIS_REST_URL')
  expect(value({ ...gate, REDIS_URL: 'redis://localhost' }).gate).toBe('worker')
  const upstash = { UPSTASH_REDIS_REST_URL: 'https://a.example', UPSTASH_REDIS_REST_TOKEN: 't' }
  expect(value({ ...gate, ...upstash }).gate).toBe('worker')
})

test('traces go where the operator says, all of them unless told a share', () => {
  const endpoint = 'http://127.0.0.1:4318'
  expect(value({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).traces).toEqual({ endpoint, share: 1 })
  const some = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: '0.05' }
  expect(value(some).traces).toEqual({ endpoint, share: 0.05 })
})

test('addresses that stand in for providers may be plain http on loopback', () => {
  const env = { GOOGLE_ISSUER: 'http://127.0.0.1:4000', OPENAI_BASE_URL: 'https://models.example/v1' }
  expect(value(env).endpoints).toEqual(env)
  const lists = {
    TWIG_ALLOW_PRIVATE_ENDPOINTS: '10.0.0.0/8, fd00::/8',
    TWIG_DNS_SERVERS: '1.1.1.1,[::1]:53,127.0.0.1:5353',
  }
  expect(value(lists)).toMatchObject({
    allowPrivateEndpoints: ['10.0.0.0/8', 'fd00::/8'],
    dnsServers: ['1.1.1.1', '[::1]:53', '127.0.0.1:5353'],
  })
})

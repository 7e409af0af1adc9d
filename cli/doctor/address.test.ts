import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type StartEnv, validateEnv } from '../../lib/env/node'
import { checkPort, checkReach, judgeAppUrl, judgeClientAddress, judgeCookie } from './address'
import type { Reply } from './probe'
import type { Running } from './running'

function environment(variables: Record<string, string>): StartEnv {
  const checked = validateEnv(variables)
  if (!checked.ok) throw new Error(checked.problems.join('\n'))
  return checked.value
}

const health: Reply = {
  kind: 'answer',
  status: 200,
  headers: { 'x-request-id': 'req_1' },
  body: '{"status":"ok"}',
}
const nothing: Running = {
  twig: undefined,
  port: 3000,
  direct: { kind: 'failure', code: 'ECONNREFUSED' },
  public: undefined,
  added: [],
  loops: false,
}
const behindServer: Running = {
  ...nothing,
  twig: { pid: 12, hasOwnServer: true },
  direct: health,
  public: health,
}
const https = { APP_URL: 'https://twig.example.com' }

describe('APP_URL', () => {
  test.each([
    [{}, 'ok'],
    [{ APP_URL: 'http://127.0.0.1:3000' }, 'ok'],
    [{ SMTP_URL: 'smtp://mail.example.com' }, 'warning'],
    [{ APP_URL: 'http://twig.example.com' }, 'problem'],
    [{ APP_URL: 'http://10.0.0.5:3000' }, 'problem'],
    [https, 'ok'],
  ])('%j is %s', (variables, status) => {
    expect(judgeAppUrl(environment(variables)).status).toBe(status)
  })

  test('without an address in DNS is a problem', async () => {
    const [finding] = await checkReach(environment({ APP_URL: 'https://twig.invalid' }), nothing)
    expect(finding).toMatchObject({ check: 'reachable', status: 'problem' })
  })

  test.each<[string, Reply, string]>([
    ['answers as Twig', health, 'ok'],
    ['is answered by something else', { ...health, kind: 'answer', status: 404 }, 'problem'],
    [
      'has a certificate that clients refuse',
      { kind: 'failure', code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      'problem',
    ],
    ['does not answer', { kind: 'failure', code: 'ECONNREFUSED' }, 'problem'],
  ])('that %s is %s', async (_, reply, status) => {
    const [finding] = await checkReach(environment({}), { ...behindServer, public: reply })
    expect(finding?.status).toBe(status)
  })
})

describe("the client's address", () => {
  test('is known where server/ appends the peer and nothing stands in front', () => {
    const behindWorker = environment({ ...https, TWIG_GATE: 'worker', REDIS_URL: 'redis://redis' })
    expect(judgeClientAddress(behindWorker, behindServer)).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('pass'),
    })
    const { status, detail } = judgeClientAddress(environment({}), behindServer)
    expect([status, detail]).toEqual(['ok', expect.stringContaining('server/ appends the peer')])
  })

  test('is plainly said to be unknown without server/ and without trusted hops', () => {
    const bare = { ...behindServer, twig: { pid: undefined, hasOwnServer: false } }
    const finding = judgeClientAddress(environment({}), bare)
    expect([finding.status, finding.detail]).toEqual(['problem', expect.stringContaining('is unknown')])
    expect(judgeClientAddress(environment({}), nothing).detail).toContain(
      'without server/ and without trusted hops, it is unknown',
    )
    expect(judgeClientAddress(environment({ TRUSTED_PROXY_HOPS: '1' }), bare).status).toBe('warning')
  })

  test('is the proxy’s where TLS ends at one that is not trusted: nothing works', () => {
    expect(judgeClientAddress(environment(https), nothing).status).toBe('problem')
    expect(judgeClientAddress(environment({ ...https, TRUSTED_PROXY_HOPS: '1' }), behindServer).status).toBe(
      'ok',
    )
  })

  test('comes with a redirect for ever where the trusted proxy does not tell the scheme', () => {
    const env = environment({ ...https, TRUSTED_PROXY_HOPS: '1' })
    const finding = judgeClientAddress(env, { ...behindServer, loops: true })
    expect(finding).toMatchObject({ status: 'problem', fix: expect.stringContaining('X-Forwarded-Proto') })
  })

  test('is doubtful where the answer through APP_URL bears the marks of a proxy that is not counted', () => {
    const finding = judgeClientAddress(environment({}), { ...behindServer, added: ['via'] })
    expect(finding).toMatchObject({ status: 'warning', detail: expect.stringContaining('via') })
  })

  test('is doubtful where a proxy is trusted that nothing shows', () => {
    expect(judgeClientAddress(environment({ TRUSTED_PROXY_HOPS: '1' }), behindServer).status).toBe('warning')
  })
})

describe('the cookie', () => {
  test.each([
    [{}, 'ok'],
    [https, 'ok'],
    [{ APP_URL: 'http://twig.example.com' }, 'warning'],
  ])('%j is %s', (variables, status) => {
    expect(judgeCookie(environment(variables)).status).toBe(status)
  })
})

describe('the port', () => {
  test('that another program has is a problem that names it', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, resolve))
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const taken = await checkPort({ ...nothing, port })
    await new Promise((resolve) => other.close(resolve))
    expect(taken).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining(`Port ${port} is in use`),
    })
    expect((await checkPort({ ...nothing, port })).status).toBe('ok')
    expect((await checkPort({ ...behindServer, port })).detail).toContain('process 12')
  })
})

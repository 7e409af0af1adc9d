import { expect, test } from '@playwright/test'
import { startOtlpReceiver } from '../server/testing/otlp-receiver'
import { startTwig } from './servers'

const TOKEN = 'canary-metrics-token-Zr8mW1xYp6uBn4'

test('a server of two processes tells of both, and of nothing secret: in figures, traces and log', async () => {
  test.setTimeout(180_000)
  const receiver = await startOtlpReceiver()
  const twig = await startTwig({
    METRICS_TOKEN: TOKEN,
    WEB_CONCURRENCY: '2',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer canary-of-the-collector',
    LOG_LEVEL: 'trace',
  })
  try {
    const { id: organization = '' } = twig.twig('org', 'create', '--name', 'Canary-Org')
    const named = ['--org', organization, '--name', 'Canary-Key', '--scopes', 'read', '--env', 'live']
    const { key = '' } = twig.twig('key', 'create', ...named)
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(twig.url + path, {
        redirect: 'manual',
        ...init,
        headers: { Connection: 'close', ...init.headers },
      })
    const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

    for (let at = 0; at < 20; at++) expect((await ask('/api/v1/agents', bearer(key))).status).toBe(200)
    await ask('/api/v1/agents/agent_canary?q=canary', bearer(key))
    await ask('/reset/canary-reset-token')
    await ask('/login?email=canary%40example.com')
    const body = new URLSearchParams({ email: 'canary@example.com', password: 'canary-password-123' })
    await ask('/api/auth/callback/credentials', {
      method: 'POST',
      body,
      headers: { Origin: twig.url, 'Content-Type': 'application/x-www-form-urlencoded' },
    })

    for (const init of [{}, bearer(key), bearer(`${TOKEN}x`)]) {
      const refused = await ask('/metrics', init)
      expect(refused.status).toBe(401)
      expect(await refused.text()).not.toContain('twig_gate')
    }
    // What the middleware decided is told a few seconds later.
    await expect
      .poll(async () => (await ask('/metrics', bearer(TOKEN))).text(), { timeout: 30_000 })
      .toMatch(/^twig_gate_decisions_total\{host="edge",outcome="admit",process="[12]"\} [1-9]/m)
    const answer = await ask('/metrics', bearer(TOKEN))
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const text = await answer.text()
    const sum = (series: RegExp) =>
      (text.match(series) ?? []).reduce((all, line) => all + Number(line.split(' ').at(-1)), 0)
    expect(sum(/^twig_http_requests_total\{route="\/api\/v1\/agents",method="GET",status="200",.*$/gm)).toBe(
      20,
    )
    expect(sum(/^twig_gate_decisions_total\{host="server",outcome="admit",.*$/gm)).toBe(21)
    expect(text).toMatch(/^process_start_time_seconds\{process="primary"\}/m)
    expect(text).toMatch(/^process_start_time_seconds\{process="1"\}/m)
    expect(text).toMatch(/^process_start_time_seconds\{process="2"\}/m)
    expect(text).toMatch(
      /^twig_chore_last_success_timestamp_seconds\{chore="tell the cache",process="primary"\}/m,
    )
    expect(text).toMatch(/^twig_documents_waiting\{process="primary"\} 0$/m)
    expect(text.match(/^# TYPE twig_http_requests_total /gm)).toHaveLength(1)
    // The organization's and the key's name are capitalized: neither stands anywhere either.
    expect(text).not.toMatch(/canary|twigsk_/i)

    const request = await receiver.until(({ name }) => name === 'GET /api/v1/agents')
    await receiver.until(({ parentId, name }) => parentId === request.spanId && name === 'redis EVALSHA')
    await receiver.until(({ name, parentId }) => name.startsWith('postgres ') && parentId !== '')
    await receiver.until(({ name }) => name === 'GET /reset/{token}')
    expect(receiver.headers.every((head) => head.startsWith('POST /v1/traces'))).toBe(true)
    expect(receiver.bodies.join()).not.toMatch(/canary|twigsk_/i)
    expect(new Set(receiver.resources.map((sender) => sender['service.instance.id']))).toEqual(
      new Set(['1', '2']),
    )
    expect(twig.output()).not.toMatch(/canary|twigsk_/)
  } finally {
    await twig.close()
    await receiver.close()
  }
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { selfSigned } from '../../server/self-signed'
import { judgeClocks, readClock } from './clocks'
import { checkMail } from './mail'
import { checkPostgres, judgeMigrations } from './postgres'
import { checkRedis, judgeArrangement } from './redis'
import { checkTls } from './tls'

describe('clocks', () => {
  const clock = (aheadMs: number, uncertaintyMs = 0) => ({ name: 'Redis', aheadMs, uncertaintyMs })
  const status = (...readings: Parameters<typeof judgeClocks>[0]) => judgeClocks(readings)[0]?.status

  test('that are apart by more than a second are a warning, by more than ten a problem', () => {
    expect(status(clock(900))).toBe('ok')
    expect(status(clock(-1100))).toBe('warning')
    expect(status(clock(0), clock(11_000))).toBe('problem')
  })

  test('are not blamed for what a slow answer can explain', () => {
    expect(status(clock(1500, 600))).toBe('ok')
  })

  test('are read in the middle of the round trip', async () => {
    const { aheadMs, uncertaintyMs } = await readClock('far', async () => Date.now() + 5_000)
    expect(Math.abs(aheadMs - 5_000)).toBeLessThanOrEqual(uncertaintyMs + 2)
  })
})

describe('migrations', () => {
  const disk = [{ name: '1_spine', checksum: 'a' }]
  const applied = { name: '1_spine', checksum: 'a', isFinished: true }

  test('that are all applied are well', () => {
    expect(judgeMigrations(disk, [applied], true).status).toBe('ok')
  })

  test('that are missing are a problem under a running server, else npm start does them', () => {
    expect(judgeMigrations(disk, [], true).status).toBe('problem')
    expect(judgeMigrations(disk, [], false)).toMatchObject({
      status: 'warning',
      detail: 'Not applied yet: 1_spine.',
    })
  })

  test('that stopped half-way, were edited, or are newer than this copy are told apart', () => {
    expect(judgeMigrations(disk, [{ ...applied, isFinished: false }], false).detail).toContain('not ended')
    expect(judgeMigrations(disk, [{ ...applied, checksum: 'b' }], false).detail).toContain('not the one')
    const newer = { ...applied, name: '2_later' }
    expect(judgeMigrations(disk, [applied, newer], false)).toMatchObject({ status: 'warning' })
  })
})

describe('what does not answer', () => {
  test('is named with its cause and a fix, without its credentials', async () => {
    const database = await checkPostgres('postgresql://twig:hunter2@127.0.0.1:1/twig', {
      isEmbedded: false,
      serverRuns: false,
    })
    const redis = await checkRedis(
      { redis: { kind: 'redis', url: 'redis://:hunter2@127.0.0.1:1' } },
      { url: 'http://127.0.0.1:1', token: 'hunter2' },
    )
    const upstash = await checkRedis(
      { redis: { kind: 'upstash', url: 'http://127.0.0.1:1', token: 'hunter2' } },
      { url: 'http://127.0.0.1:1', token: 'hunter2' },
    )
    const mail = await checkMail({
      smtpUrl: 'smtp://twig:hunter2@127.0.0.1:1',
      dataDir: '/nonexistent',
      appUrl: 'http://localhost:3000',
      mailFrom: 'twig@example.com',
    })
    const findings = [...database.findings, ...redis.findings, ...upstash.findings, ...mail]
    expect(findings.map(({ status }) => status)).toEqual(['problem', 'problem', 'problem', 'problem'])
    expect(findings.every(({ fix }) => fix)).toBe(true)
    expect(findings[0]?.detail).toContain('ECONNREFUSED')
    expect(findings[1]?.detail).toContain('ECONNREFUSED')
    expect(JSON.stringify(findings)).not.toContain('hunter2')
  })
})

describe('Redis', () => {
  test('of its own beside a shared database is warned of', () => {
    const databaseUrl = 'postgresql://db.example.com/twig'
    expect(judgeArrangement({ redis: { kind: 'embedded' }, databaseUrl })[0]?.status).toBe('warning')
    expect(judgeArrangement({ redis: { kind: 'embedded' }, databaseUrl: undefined })).toEqual([])
    expect(judgeArrangement({ redis: { kind: 'redis', url: 'redis://r' }, databaseUrl })).toEqual([])
  })

  test('over http to another machine is warned of', () => {
    const upstash = (url: string) =>
      judgeArrangement({ redis: { kind: 'upstash', url, token: 't' }, databaseUrl: '' })
    expect(upstash('http://redis.example.com')[0]?.status).toBe('warning')
    expect(upstash('http://127.0.0.1:8079')).toEqual([])
    expect(upstash('https://redis.example.com')).toEqual([])
  })
})

describe('mail', () => {
  test('that is kept in the outbox is well on one’s own machine, and a warning where others come', async () => {
    const env = { smtpUrl: undefined, dataDir: '/nonexistent', mailFrom: 'a@b.de' }
    expect((await checkMail({ ...env, appUrl: 'http://localhost:3000' }))[0]?.status).toBe('ok')
    expect((await checkMail({ ...env, appUrl: 'https://twig.example.com' }))[0]?.status).toBe('warning')
  })
})

describe('TLS', () => {
  test('is judged by certificate, key, host and date', () => {
    const folder = mkdtempSync(join(tmpdir(), 'twig-tls-'))
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const pair = selfSigned()
    const certFile = file('cert.pem', pair.cert)
    const keyFile = file('key.pem', pair.key)
    const otherKey = file('other.pem', selfSigned().key)
    const now = new Date('2026-06-01T00:00:00Z')
    const status = (tls: { certFile: string; keyFile: string }, appUrl: string, date = now) =>
      checkTls({ tls, appUrl }, date)[0]?.status
    const tls = { certFile, keyFile }
    try {
      expect(checkTls({ tls: undefined, appUrl: 'http://localhost:3000' }, now)).toEqual([])
      expect(status(tls, 'https://localhost:3000')).toBe('ok')
      expect(status(tls, 'https://127.0.0.1:3000')).toBe('ok')
      expect(status(tls, 'https://twig.example.com')).toBe('warning')
      expect(status(tls, 'http://localhost:3000')).toBe('problem')
      expect(status({ certFile, keyFile: otherKey }, 'https://localhost:3000')).toBe('problem')
      expect(status({ certFile, keyFile: join(folder, 'absent') }, 'https://localhost:3000')).toBe('problem')
      expect(status(tls, 'https://localhost:3000', new Date('2049-12-20T00:00:00Z'))).toBe('warning')
      expect(status(tls, 'https://localhost:3000', new Date('2050-06-01T00:00:00Z'))).toBe('problem')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { decideKey } from '../lib/edge/limiter'
import { connectRedis } from '../lib/edge/redis'
import { askFor, fill, limitsOf, someKey } from '../lib/edge/testing/keys'
import { validateEnv } from '../lib/env/node'
import { cache } from '../lib/store/cache'
import { closeDb } from '../lib/store/db'
import { startBackends } from '../server/backends'
import { migrate } from '../server/migrate'
import { documentOf, type Given, obey, obeyElsewhere } from './testing/twig'

const PASSWORD = 'gravel-otter-lantern-92'
const TEST_MS = 120_000

let dataDir: string
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig-cli-'))
})
afterAll(async () => {
  await closeDb()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Nothing set but the data folder. Empty beats a `.env` in the clone. */
function onlyDataFolder(): Record<string, string> {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env
  const unset = [
    'DATABASE_URL',
    'REDIS_URL',
    'UPSTASH_REDIS_REST_URL',
    'UPSTASH_REDIS_REST_TOKEN',
    'SMTP_URL',
    'APP_URL',
    'TWIG_SESSION_SECRET',
    'TWIG_KEY_PEPPER',
    'TWIG_GATEWAY_SECRET',
    'TWIG_ENCRYPTION_KEYS',
  ].map((name) => [name, ''])
  return { PATH, HOME, TMPDIR, ...Object.fromEntries(unset), TWIG_DATA_DIR: dataDir, PORT: '47163' }
}

/** What a process of its own prints with --json. */
async function printed<T extends z.ZodType>(shape: T, args: string[], stdin = ''): Promise<z.infer<T>> {
  return documentOf(shape, await obeyElsewhere([...args, '--json'], { stdin, env: onlyDataFolder() }))
}

/** What is printed with --json beside the backends of this process. */
async function json<T extends z.ZodType>(shape: T, args: string[], given: Given = {}): Promise<z.infer<T>> {
  return documentOf(shape, await obey([...args, '--json'], given))
}

const Organization = z.strictObject({ id: z.string(), slug: z.string(), name: z.string(), plan: z.string() })
const CreatedKey = z.looseObject({ id: z.string(), key: z.string(), name: z.string() })
const Receipt = z.strictObject({
  id: z.string(),
  revoked_at: z.iso.datetime(),
  effective_at: z.iso.datetime(),
})
const LimitChange = z.looseObject({
  per_minute: z.number(),
  organization_per_minute: z.number(),
  in_force: z.boolean(),
})
const AnyKey = z.looseObject({ id: z.string(), name: z.string(), state: z.string() })

describe('in a process of its own', () => {
  test(
    'a command brings its own database and uses that of a server that runs; stdout holds one document, the key stands in it once, and deleting gives a receipt',
    async () => {
      const made = await printed(Organization, [
        ...['org', 'create', '--name', 'Acme GmbH', '--plan', 'enterprise'],
      ])
      expect(made).toMatchObject({ slug: 'acme-gmbh', name: 'Acme GmbH', plan: 'enterprise' })
      expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600)

      const checked = validateEnv({ TWIG_DATA_DIR: dataDir, PORT: '47163' })
      if (!checked.ok) throw new Error(checked.problems.join('\n'))
      const { value: env } = checked
      const server = await startBackends({ env, role: 'server', say: () => {}, onCrash: () => {} })
      try {
        await migrate(server.databaseUrl)
        const words = ['--name', 'CI', '--scopes', 'read,execute', '--env', 'live']
        const { id, key } = await printed(CreatedKey, ['key', 'create', '--org', made.id, ...words])
        expect(key).toMatch(/^twigsk_live_[0-9A-Za-z]{52}$/)

        const receipt = await printed(Receipt, ['key', 'revoke', id])
        expect(Date.parse(receipt.effective_at) - Date.parse(receipt.revoked_at)).toBeLessThan(60_000)
        const gate = connectRedis(server.redisUrl, server.redisToken)
        const ask = {
          keyId: id,
          digest: 'digest',
          scope: 'read',
          bucket: 'read',
          take: true,
          address: '',
        } as const
        expect(await decideKey(gate, ask)).toEqual({ kind: 'mark', reason: 'revoked' })

        const person = ['user', 'create', '--email', 'Ada@Example.com', '--password', '-']
        const user = await printed(z.looseObject({ email: z.string() }), person, `${PASSWORD}\n`)
        expect(user.email).toBe('ada@example.com')
      } finally {
        await server.close()
      }
    },
    TEST_MS,
  )

  test(
    'a backend that cannot be reached is one sentence on stderr, without its password, and exit 1',
    async () => {
      const secrets = Object.fromEntries(
        ['TWIG_SESSION_SECRET', 'TWIG_KEY_PEPPER', 'TWIG_GATEWAY_SECRET'].map((name) => [
          name,
          `${name}-4f8c2a9e1b7d0563`,
        ]),
      )
      const { code, out, err } = await obeyElsewhere(['org', 'list'], {
        env: {
          ...onlyDataFolder(),
          ...secrets,
          TWIG_ENCRYPTION_KEYS: `k1:${Buffer.from('0f1e2d3c4b5a69788796a5b4c3d2e1f0').toString('base64')}`,
          DATABASE_URL: 'postgresql://twig:hunter2@127.0.0.1:1/twig',
        },
      })
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(/^PostgreSQL at 127\.0\.0\.1:1\/twig cannot be used/)
      expect(err).not.toContain('hunter2')
    },
    TEST_MS,
  )
})

describe('the doctor', () => {
  test(
    'finds nothing wrong with a fresh Twig, and makes nothing',
    async () => {
      const absent = join(dataDir, 'absent')
      const first = await obey(['doctor', '--json'], { env: { ...onlyDataFolder(), TWIG_DATA_DIR: absent } })
      expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' })
      expect(() => statSync(absent)).toThrow('ENOENT')

      const Findings = z.array(
        z.strictObject({
          check: z.string(),
          status: z.enum(['ok', 'warning', 'problem']),
          detail: z.string(),
          fix: z.string().nullable(),
        }),
      )
      const findings = await json(Findings, ['doctor'], { env: onlyDataFolder() })
      expect(findings.filter(({ status }) => status !== 'ok')).toEqual([])
      expect(findings.map(({ check }) => check)).toEqual(
        expect.arrayContaining([
          'node',
          'secrets',
          'postgres',
          'migrations',
          'redis',
          'clock',
          'app_url',
          'cookie',
        ]),
      )
    },
    TEST_MS,
  )

  test(
    'exits 1 when there is a problem, with the fix beside it',
    async () => {
      const { code, out, err } = await obey(['doctor'], {
        env: { ...onlyDataFolder(), TWIG_KEY_PEPPER: 'short' },
      })
      expect({ code, err }).toEqual({ code: 1, err: '' })
      expect(out).toMatch(/^problem +secrets +TWIG_KEY_PEPPER must have at least 32 characters\. Fix: /m)
    },
    TEST_MS,
  )
})

describe('beside backends that run', () => {
  test(
    'people are made with a password from standard input, and what goes wrong is one sentence on stderr with exit 1',
    async () => {
      const words = ['user', 'create', '--email', 'Bea@Example.com', '--password', '-']
      const user = await json(z.looseObject({ id: z.string(), email: z.string() }), words, {
        stdin: `${PASSWORD}\n`,
      })
      expect(user.email).toBe('bea@example.com')
      const again = await obey(words, { stdin: PASSWORD })
      expect(again).toEqual({ code: 1, out: '', err: 'bea@example.com has an account already.\n' })
      const unknown = await obey(['key', 'revoke', 'key_0000', '--json'])
      expect({ code: unknown.code, out: unknown.out }).toEqual({ code: 1, out: '' })
      expect(JSON.parse(unknown.err)).toMatchObject({ code: 'not_found' })
    },
    TEST_MS,
  )

  test(
    'what a command changes is what the gate meets on its next request: limits, and a deleted key',
    async () => {
      const redis = cache()
      const made = await json(Organization, ['org', 'create', '--name', 'Beta', '--plan', 'enterprise'])
      const key = await json(CreatedKey, [
        ...['key', 'create', '--org', 'beta', '--name', 'CI', '--scopes', 'write', '--env', 'live'],
      ])
      const facts = someKey({ id: key.id, organizationId: made.id, scopes: ['write'] })
      await fill(redis, facts, limitsOf(facts, {}, 0))
      const ask = () => decideKey(redis, askFor(facts))
      expect(await ask()).toMatchObject({ kind: 'admit', bucket: { limit: 10 } })

      const words = ['limits', 'set', '--org', 'beta', '--scope', 'write', '--per-minute', '77']
      const change = await json(LimitChange, words)
      expect(change).toMatchObject({ in_force: true, organization_per_minute: 770 })
      expect(await ask()).toMatchObject({ kind: 'admit', bucket: { limit: 77 } })
      const shared = await json(LimitChange, [...words, '--organization-per-minute', '5'])
      expect(shared).toMatchObject({ per_minute: 77, organization_per_minute: 5 })
      expect(await ask()).toMatchObject({ kind: 'admit', bucket: { limit: 5 } })
      const shown = await obey(['limits', 'show', '--org', 'beta'])
      expect(shown.out).toMatch(/^write +77 \(default 10\) +5 \(default 770\)$/m)
      const again = await json(LimitChange, [...words, '--organization-per-minute', 'default'])
      expect(again.organization_per_minute).toBe(770)

      const list = await obey(['key', 'list', '--org', 'beta'])
      expect(list.out).toContain(key.id)
      expect(list.out).not.toContain(key.key)

      await json(Receipt, ['key', 'revoke', key.id])
      expect(await ask()).toEqual({ kind: 'mark', reason: 'revoked' })
    },
    TEST_MS,
  )

  test(
    'a key is renamed, disabled, enabled and rotated; the list tells its state, and a refused change exits 1',
    async () => {
      const redis = cache()
      await json(Organization, ['org', 'create', '--name', 'Gamma'])
      const { id } = await json(CreatedKey, [
        ...['key', 'create', '--org', 'gamma', '--name', 'CI', '--scopes', 'read', '--env', 'test'],
      ])
      const ask = () =>
        decideKey(redis, {
          keyId: id,
          digest: 'digest',
          scope: 'read',
          bucket: 'read',
          take: true,
          address: '',
        })
      const states = async () => {
        const keys = await json(z.array(AnyKey), ['key', 'list', '--org', 'gamma'])
        return keys.map(({ name, state }) => `${name} ${state}`)
      }

      await json(AnyKey, ['key', 'rename', id, '--name', 'Build server'])
      expect(await json(AnyKey, ['key', 'disable', id])).toMatchObject({ id, state: 'disabled' })
      expect(await ask()).toEqual({ kind: 'mark', reason: 'disabled' })
      expect(await states()).toEqual(['Build server disabled'])
      const refused = await obey(['key', 'rotate', id])
      expect(refused).toMatchObject({ code: 1, out: '' })
      expect(refused.err).toContain('This key is disabled.')

      expect(await json(AnyKey, ['key', 'enable', id, '--org', 'gamma'])).toMatchObject({ state: 'active' })
      expect(await ask()).toEqual({ kind: 'miss' })
      const successor = await json(CreatedKey, ['key', 'rotate', id, '--grace', 'now'])
      expect(successor.key).toMatch(/^twigsk_test_[0-9A-Za-z]{52}$/)
      expect(successor).toMatchObject({ name: 'Build server', rotated_from: id })
      expect(await ask()).toEqual({ kind: 'mark', reason: 'expired' })
      expect(await states()).toEqual(['Build server active', 'Build server ended'])

      const list = await obey(['key', 'list', '--org', 'gamma'])
      expect(list.out).toMatch(/^ID +NAME +KEY +SCOPES +STATE +CREATED +LAST USED$/m)
      expect(list.out).toMatch(new RegExp(`^${id} .* ended \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC `, 'm'))
    },
    TEST_MS,
  )
})

import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoreEnvironment } from '../env/testing/environment'
import { db, inTransaction } from '../store/db'
import { keyIdOf } from '../store/vault'
import { queueRevocation } from './connection-revocations'
import { openRevocation } from './connection-sealing'
import { freshAccessToken } from './connection-tokens'
import { openExternalKey, sealExternalKey } from './external-keys'
import { once } from './idempotency'
import { rotateSecrets, sealingStatus } from './secret-rotation'
import { findConnection, openOidcConnection } from './sso-connections'
import { plantConnection } from './testing/connected'
import { envelopeOf, plantExternalKey, putEnvelope, ringKey, setRing } from './testing/external-keys'
import { plantOidc } from './testing/sso-settings'
import { keyOf, tenant } from './testing/tenants'

const [old, next] = [ringKey('old'), ringKey('next')]

/** Every test has the sealed columns for itself: the status counts all organizations. */
async function clear() {
  await db().externalKey.deleteMany()
  await db().idempotencyRecord.deleteMany()
  await db().ssoConnection.deleteMany()
  await db().serviceKey.deleteMany()
  await db().connection.deleteMany()
  await db().tokenRevocation.deleteMany()
}
beforeEach(async () => {
  await clear()
  setRing(old)
})
afterEach(async () => {
  await clear()
  restoreEnvironment()
})

async function plantMany(organizationId: string, count: number): Promise<Map<string, string>> {
  const planted = new Map<string, string>()
  for (let index = 0; index < count; index++) {
    const apiKey = `sk-planted-${index}`
    planted.set(await plantExternalKey(organizationId, apiKey), apiKey)
  }
  return planted
}

test('rows of every column move to the first key of the ring, open as before, and the old key is free to go', async () => {
  const { organization } = await tenant()
  const caller = keyOf(organization.id, ['admin'])
  const planted = await plantMany(organization.id, 5)
  const request = { key: 'a', path: '/x', body: '{}' }
  await once(caller, request, async () => ({ status: 201, body: { key: 'shown once' } }))
  const connection = await plantOidc(organization.id, 'client-secret')
  const { id: dataSourceId, connectionId } = await plantConnection(caller)
  const ended = { id: connectionId, organizationId: organization.id, provider: 'slack', accountId: 'T1:U1' }
  const tokens = { accessToken: 'xoxe-1', refreshToken: null }
  const { revocationId } = await inTransaction((tx) => queueRevocation(tx, ended, tokens, new Date()))
  setRing(next, old)
  expect(await sealingStatus()).toMatchObject({ current_key: 'next', to_rotate: 10, removable_keys: [] })
  expect(await rotateSecrets()).toEqual({
    rotated: 10,
    current_key: 'next',
    columns: [
      { column: 'external_keys.sealed_key', rows_by_key: { next: 5 }, unreadable: 0 },
      { column: 'idempotency_records.body', rows_by_key: { next: 1 }, unreadable: 0 },
      { column: 'sso_connections.sealed_client_secret', rows_by_key: { next: 1 }, unreadable: 0 },
      { column: 'service_keys.sealed_key', rows_by_key: {}, unreadable: 0 },
      { column: 'oauth_tokens.sealed_access_token', rows_by_key: { next: 1 }, unreadable: 0 },
      { column: 'oauth_tokens.sealed_refresh_token', rows_by_key: { next: 1 }, unreadable: 0 },
      { column: 'token_revocations.sealed_tokens', rows_by_key: { next: 1 }, unreadable: 0 },
    ],
    unreadable: 0,
    to_rotate: 0,
    removable_keys: ['old'],
  })
  setRing(next)
  for (const [id, apiKey] of planted)
    expect(await openExternalKey(organization.id, id)).toMatchObject({ apiKey })
  const row = await findConnection(organization.id, connection)
  expect(await openOidcConnection(row)).toMatchObject({ clientSecret: 'client-secret' })
  const place = { organizationId: organization.id, dataSourceId }
  expect(await freshAccessToken(place)).toMatchObject({ accessToken: 'access' })
  const { sealedTokens } = await db().tokenRevocation.findUniqueOrThrow({
    where: { id: revocationId ?? '' },
    omit: { sealedTokens: false },
  })
  expect(openRevocation(organization.id, revocationId ?? '', sealedTokens ?? '')).toEqual(tokens)
  const again = await once(caller, request, () => Promise.reject(new Error('not again')))
  expect(again).toMatchObject({ replayed: true, body: { key: 'shown once' } })
  expect(await rotateSecrets()).toMatchObject({ rotated: 0, removable_keys: [] })
})

test('more rows than a page holds are all met', async () => {
  const [one, two] = [await tenant(), await tenant()]
  await plantMany(one.organization.id, 130)
  await plantMany(two.organization.id, 130)
  setRing(next, old)
  expect(await rotateSecrets()).toMatchObject({ rotated: 260, to_rotate: 0, unreadable: 0 })
})

test('what no key opens is counted, left as it is, and does not stop the others', async () => {
  const { organization } = await tenant()
  const [lost = '', damaged = '', fine = ''] = [...(await plantMany(organization.id, 3)).keys()]
  const envelope = await envelopeOf(damaged)
  const cut = envelope.slice(0, -4)
  await putEnvelope(damaged, cut)
  setRing(ringKey('gone'))
  const foreign = sealExternalKey(
    { organizationId: organization.id, id: lost },
    { endpoint: null, apiKey: 'x' },
  )
  await putEnvelope(lost, foreign)
  setRing(next, old)
  expect(await rotateSecrets()).toMatchObject({
    rotated: 1,
    unreadable: 2,
    to_rotate: 0,
    removable_keys: ['old'],
  })
  expect([await envelopeOf(lost), await envelopeOf(damaged)]).toEqual([foreign, cut])
  expect(keyIdOf(await envelopeOf(fine))).toBe('next')
})

/** Whether a rotation is under way. While its process starts nobody keeps the machine busy: that would only take longer. */
let isRotating = false

/** A rotation in a process of its own; resolves when it has ended, by itself or killed as soon as `isTime` says so. */
async function rotateElsewhere(ring: string, isTime = async () => false): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', `${import.meta.dirname}/testing/rotate-once.ts`],
    {
      env: { ...process.env, TWIG_ENCRYPTION_KEYS: ring },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  let isEnded = false
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve())).then(() => {
    isEnded = true
  })
  while (!isEnded) {
    isRotating = out !== ''
    if (isRotating && (await isTime())) child.kill('SIGKILL')
    await Promise.race([ended, wait(3)])
  }
  isRotating = false
  return out
}

/** Rows that the next key seals. */
const moved = () => db().externalKey.count({ where: { sealedKey: { startsWith: 'v1.next.' } } })

test('killed at ten random points under load, no call fails, no row is unreadable, and the next run ends it', async () => {
  const { organization } = await tenant()
  const planted = await plantMany(organization.id, 400)
  const ids = [...planted.keys()]
  // A server of the rollout that still seals with the old key, and reads both.
  setRing(old, next)
  const failures: unknown[] = []
  let calls = 0
  let isOver = false
  const load = async () => {
    while (!isOver) {
      const id = ids[randomInt(ids.length)] ?? ''
      try {
        const { apiKey } = await openExternalKey(organization.id, id)
        if (apiKey !== planted.get(id)) failures.push(`${id} holds something else`)
        if (calls % 50 === 0) {
          const place = { organizationId: organization.id, id }
          await putEnvelope(id, sealExternalKey(place, { endpoint: null, apiKey }))
        }
      } catch (error) {
        failures.push(error)
      }
      calls += 1
      await wait(isRotating ? 2 : 50)
    }
  }
  const loads = [load(), load()]
  const points: number[] = []
  for (let point = 0; point < 10; point++) {
    const goal = (await moved()) + randomInt(1, 30)
    await rotateElsewhere(`${next},${old}`, async () => (await moved()) >= goal)
    points.push(await moved())
  }
  isOver = true
  await Promise.all(loads)
  expect(failures).toEqual([])
  expect(calls).toBeGreaterThan(100)
  setRing(next, old)
  const broken = await sealingStatus()
  expect(broken.unreadable).toBe(0)
  expect(points.filter((count) => count > 0 && count < ids.length).length).toBeGreaterThan(5)
  expect(await rotateElsewhere(`${next},${old}`)).toContain('"to_rotate":0')
  setRing(next)
  expect(await sealingStatus()).toMatchObject({ unreadable: 0, to_rotate: 0 })
  for (const [id, apiKey] of planted)
    expect(await openExternalKey(organization.id, id)).toMatchObject({ apiKey })
}, 120_000)

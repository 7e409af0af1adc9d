import { inflateRawSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attributeOf, childElements, readXml, textOf } from '../core/xml-document'
import { nodeEnv } from '../env/node'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { closeDb } from './db'
import { acsUrl, beginSaml, closeIdp, decodeSamlResponse, finishSaml, openIdp, spEntityId } from './idp'
import { type DatabaseProxy, startDatabaseProxy } from './testing/database-proxy'
import { makeIdpKeys, responseXml, type SamlClaims, signXml } from './testing/saml-idp'

let proxy: DatabaseProxy
let direct = ''
beforeAll(async () => {
  // It is loaded at its first use, which takes a second that no bound below is about.
  await import('@boxyhq/saml-jackson')
  direct = nodeEnv().databaseUrl
  proxy = await startDatabaseProxy(direct)
  await proxy.close()
  setEnvironment({ DATABASE_URL: proxy.url })
})
afterAll(async () => {
  await closeIdp()
  await proxy.close()
  restoreEnvironment()
})

const keys = makeIdpKeys()
const next = makeIdpKeys()
const connection = {
  id: 'sso_idptest',
  entityId: 'https://idp.example.com/metadata?a=1&b=2',
  ssoUrl: 'https://idp.example.com/sso?tenant=1',
  certificates: [keys.der, next.der],
}

function answer(changes: Partial<SamlClaims>, signer = keys): string {
  const claims = {
    issuer: 'https://idp.example.com/metadata?a=1&amp;b=2',
    audience: spEntityId(),
    acsUrl: acsUrl(),
  }
  const xml = responseXml({ now: new Date(), nameId: 'ada@acme.test', ...claims, ...changes })
  return Buffer.from(signXml(xml, { keys: signer })).toString('base64')
}

test('a user of Postgres who may create no schema is told what to do, at once', async () => {
  const role = `poor_${process.pid}`
  const owner = new pg.Client({ connectionString: direct })
  await owner.connect()
  await owner.query(`CREATE ROLE ${role} LOGIN PASSWORD 'poor'`)
  const url = new URL(direct)
  url.username = role
  url.password = 'poor'
  await closeDb()
  setEnvironment({ DATABASE_URL: url.href })
  try {
    const began = performance.now()
    const message = expect.stringContaining('schema "jackson"')
    await expect(beginSaml(connection)).rejects.toMatchObject({ code: 'sso_unavailable', message })
    // The library itself would be given up after five seconds.
    expect(performance.now() - began).toBeLessThan(4_000)
  } finally {
    await closeDb()
    setEnvironment({ DATABASE_URL: proxy.url })
    await owner.query(`DROP ROLE ${role}`)
    await owner.end()
  }
})

test('without a database it says so in time, and begins when there is one again', async () => {
  const began = performance.now()
  await expect(beginSaml(connection)).rejects.toMatchObject({ code: 'temporarily_unavailable' })
  expect(performance.now() - began).toBeLessThan(7_000)
  await proxy.open()
  const again = () => beginSaml(connection).catch(() => null)
  await expect.poll(again, { timeout: 10_000 }).toMatchObject({ relay: expect.any(String) })
})

describe('a journey through saml-jackson', () => {
  test('begins with a request that names us, and ends with the NameID of the answer', async () => {
    const { url, relay, requestId } = await beginSaml(connection)
    const { origin, pathname, searchParams } = new URL(url)
    expect([origin + pathname, searchParams.get('tenant')]).toEqual(['https://idp.example.com/sso', '1'])
    expect(searchParams.get('RelayState')).toBe(relay)
    const packed = Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')
    const request = readXml(inflateRawSync(packed).toString())
    expect(attributeOf(request, 'ID')).toBe(requestId)
    expect(attributeOf(request, 'AssertionConsumerServiceURL')).toBe(acsUrl())
    expect(childElements(request).map(textOf)).toContain(spEntityId())
    const verdict = await finishSaml(connection, { encoded: answer({ requestId }), relay })
    expect(verdict).toEqual({ ok: true, nameId: 'ada@acme.test' })
  })

  test('ends well with either of two certificates, and not with another', async () => {
    for (const [signer, ok] of [
      [next, true],
      [makeIdpKeys(), false],
    ] as const) {
      const { relay, requestId } = await beginSaml(connection)
      expect((await finishSaml(connection, { encoded: answer({ requestId }, signer), relay })).ok).toBe(ok)
    }
  })

  test('ends at the connection that it began with', async () => {
    const other = { ...connection, id: 'sso_idptest2', certificates: [makeIdpKeys().der] }
    const { relay, requestId } = await beginSaml(other)
    expect(await finishSaml(other, { encoded: answer({ requestId }), relay })).toEqual({ ok: false })
  })

  test('takes what nobody asked for where the connection is named', async () => {
    expect(await finishSaml(connection, { encoded: answer({}), relay: null })).toMatchObject({ ok: true })
  })

  test('does not end with a RelayState that it did not give', async () => {
    const relay = 'boxyhq_jackson_0000'
    expect((await finishSaml(connection, { encoded: answer({ requestId: '_x' }), relay })).ok).toBe(false)
  })
})

// Within seconds by the clock on the wall, which a busy machine may hold up now and then: not each time.
test('after it was closed, in the middle of things too, it is opened anew', { retry: 2 }, async () => {
  await openIdp()
  for (let round = 0; round < 2; round += 1) {
    const underWay = beginSaml({ ...connection, id: `sso_closed${round}` })
    await closeIdp()
    expect(await underWay).toMatchObject({ relay: expect.any(String) })
    const { relay, requestId } = await beginSaml(connection)
    const verdict = await finishSaml(connection, { encoded: answer({ requestId }), relay })
    expect(verdict).toEqual({ ok: true, nameId: 'ada@acme.test' })
  }
})

test('the library’s tables stand in a schema of their own', async () => {
  const client = new pg.Client({ connectionString: nodeEnv().databaseUrl })
  await client.connect()
  const sql = "SELECT table_schema FROM information_schema.tables WHERE table_name LIKE 'jackson%'"
  const { rows } = await client.query<{ table_schema: string }>(sql)
  await client.end()
  expect([...new Set(rows.map((row) => row.table_schema))]).toEqual(['jackson'])
})

describe('a posted field', () => {
  test('is read as base64 of UTF-8, line breaks and all', () => {
    expect(decodeSamlResponse('PGEv\r\nPg==')).toEqual({ xml: '<a/>' })
  })
  test.each([
    ['A'.repeat(256 * 1024 + 4), 'too_large'],
    ['', 'not_base64'],
    ['<a/>', 'not_base64'],
    ['PGEvPg=', 'not_base64'],
    ['_-_-', 'not_base64'],
    ['gICA', 'not_text'],
  ])('is nothing else (%#)', (field, reason) => {
    expect(decodeSamlResponse(field)).toBe(reason)
  })
})

import { Client } from 'pg'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parseKey } from '../core/api-key'
import { newId } from '../core/ids'
import { nodeEnv } from '../env/node'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { rotateApiKey } from './api-key-changes'
import { createApiKey } from './api-keys'
import { once } from './idempotency'
import { warmUp } from './testing/keys'
import { keyOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const input = { name: 'CI', scopes: ['read' as const], environment: 'live' as const }
const request = () => ({ key: newId('req'), path: '/api/v1/api-keys', body: JSON.stringify(input) })
const conflict = expect.objectContaining({ code: 'idempotency_conflict' })

/** Every row of every table, as a dump of the database would hold it, however long reading all that takes. */
async function dump(): Promise<string> {
  const client = new Client({ connectionString: process.env.DATABASE_URL })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(`
      SELECT quote_ident(table_name) AS name FROM information_schema.tables
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`)
      texts.push(name, ...rows.map(({ text }) => text))
    }
    return texts.join('\n')
  } finally {
    await client.end()
  }
}

describe('an answer that is kept', () => {
  test('gives a new key again, and no dump of the database holds the key or its secret', async () => {
    const { organization } = await tenant()
    const program = keyOf(organization.id, ['admin'])
    const wish = request()
    const make = async () => ({ status: 201, body: await createApiKey(program, input) })
    const first = await once(program, wish, make)
    const again = await once(program, wish, make)
    expect(first.replayed).toBe(false)
    expect(again).toEqual({ ...first, replayed: true })
    const { key, id } = first.body as { key: string; id: string }
    const rotated = await once(program, request(), async () => ({
      status: 201,
      body: await rotateApiKey(program, { id, grace: '1h' }),
    }))

    const everything = await dump()
    expect(everything).toContain(id)
    expect(everything).toContain('idempotency_records')
    for (const each of [key, (rotated.body as { key: string }).key]) {
      const secret = parseKey(each)?.secret ?? ''
      expect(secret).toHaveLength(32)
      expect(everything).not.toContain(secret)
      expect(everything).not.toContain(Buffer.from(each).toString('base64url').slice(0, 60))
    }
  })

  test('comes back member for member, whatever it holds', async () => {
    const { organization } = await tenant()
    const program = keyOf(organization.id, ['admin'])
    for (const body of [{ text: 'ümlaut ✓ "quoted"', list: [1, null, { a: false }] }, [], 'text', 0]) {
      const wish = request()
      await once(program, wish, async () => ({ status: 200, body }))
      expect(await once(program, wish, async () => ({ status: 200, body: 'never' }))).toEqual({
        status: 200,
        body,
        replayed: true,
      })
    }
  })

  test('is bound to its caller, organization and place: moved to another row it does not open', async () => {
    const [mine, theirs] = [await tenant(), await tenant()]
    const program = keyOf(mine.organization.id, ['admin'])
    const stranger = keyOf(theirs.organization.id, ['admin'])
    const [wish, other] = [request(), request()]
    const answer = (body: string) => async () => ({ status: 200, body })
    await once(program, wish, answer('mine'))
    await once(program, other, answer('also mine'))
    expect(await once(stranger, wish, answer('theirs'))).toMatchObject({ body: 'theirs', replayed: false })

    const rows = await db().idempotencyRecord.findMany({ where: { organizationId: mine.organization.id } })
    const foreign = await db().idempotencyRecord.findFirstOrThrow({
      where: { organizationId: theirs.organization.id },
    })
    for (const row of rows) {
      const body = rows.find(({ key }) => key !== row.key)?.body ?? ''
      await db().idempotencyRecord.updateMany({ where: { key: row.key }, data: { body } })
    }
    await expect(once(program, wish, answer('again'))).rejects.toEqual(conflict)
    await expect(once(program, other, answer('again'))).rejects.toEqual(conflict)
    await db().idempotencyRecord.updateMany({
      where: { organizationId: mine.organization.id },
      data: { body: foreign.body ?? '' },
    })
    await expect(once(program, wish, answer('again'))).rejects.toEqual(conflict)
  })

  test('in clear, as it once was kept, is not given out', async () => {
    const { organization } = await tenant()
    const program = keyOf(organization.id, ['admin'])
    const wish = request()
    await once(program, wish, async () => ({ status: 200, body: 'sealed' }))
    await db().idempotencyRecord.updateMany({
      where: { organizationId: organization.id },
      data: { body: { id: 'key_1' } },
    })
    await expect(once(program, wish, async () => ({ status: 200, body: 'again' }))).rejects.toEqual(conflict)
  })

  test('is given also where it could not be kept', async () => {
    const { organization } = await tenant()
    const program = keyOf(organization.id, ['admin'])
    const work = async () => {
      await db().idempotencyRecord.deleteMany({ where: { organizationId: organization.id } })
      return { status: 201, body: 'a key that is shown once' }
    }
    expect(await once(program, request(), work)).toMatchObject({ status: 201, replayed: false })
  })

  test('opens while its encryption key is in the ring, and is a conflict when it has left', async () => {
    const { organization } = await tenant()
    const program = keyOf(organization.id, ['admin'])
    const wish = request()
    let runs = 0
    const work = async () => ({ status: 200, body: { run: ++runs } })
    await once(program, wish, work)
    const fresh = `fresh:${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`

    onTestFinished(restoreEnvironment)
    setEnvironment({ TWIG_ENCRYPTION_KEYS: `${fresh},${process.env.TWIG_ENCRYPTION_KEYS}` })
    expect(nodeEnv().secrets.encryptionKeys[0]?.id).toBe('fresh')
    expect(await once(program, wish, work)).toMatchObject({ body: { run: 1 }, replayed: true })

    setEnvironment({ TWIG_ENCRYPTION_KEYS: fresh })
    await expect(once(program, wish, work)).rejects.toEqual(conflict)
    expect(runs).toBe(1)
  })
})

import { describe, expect, test } from 'vitest'
import { endpoints } from '../core/endpoints'
import type { Environment, Scope } from '../core/principal'
import { DEFAULT_PER_MINUTE } from '../core/rate-limits'
import { createDataSource } from '../domain/data-sources'
import { addDocument } from '../domain/documents'
import { keyOf, tenant } from '../domain/testing/tenants'
import { PASS_HEADER, type PassFacts, signPass } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { db } from '../store/db'
import { nodeHmac } from '../store/hmac'
import { route } from './route'

const create = route(endpoints.createDataSource, createDataSource)
const add = route(endpoints.addDocument, addDocument)
const MIB = 1024 * 1024

interface Call {
  organizationId: string
  path: string
  body: BodyInit
  headers?: Record<string, string>
  scopes?: Scope[]
  environment?: Environment
}

/** A POST as the gate would hand it on. */
async function request({ organizationId, path, body, headers = {}, ...call }: Call): Promise<Request> {
  const facts: PassFacts = {
    kind: 'key',
    m: 'POST',
    p: path,
    q: '',
    requestId: 'req_test',
    clientIp: null,
    keyId: 'key_000000000000',
    keyName: 'Test',
    organizationId,
    environment: call.environment ?? 'live',
    scopes: call.scopes ?? ['admin'],
    organization: {
      slug: 'test',
      name: 'Test',
      plan: 'free',
      perMinute: DEFAULT_PER_MINUTE,
      organizationPerMinute: DEFAULT_PER_MINUTE,
    },
    gateUs: 0,
  }
  const pass = await signPass(facts, nodeHmac(nodeEnv().secrets.gatewaySecret), Math.floor(Date.now() / 1000))
  const init = { method: 'POST', headers: { ...headers, [PASS_HEADER]: pass }, body, duplex: 'half' }
  return new Request(`http://localhost${path}`, init)
}

async function place() {
  const { organization } = await tenant()
  const { id } = await createDataSource(keyOf(organization.id, ['admin']), { name: 'A', kind: 'file' })
  const path = `/api/v1/data-sources/${id}/documents`
  const send = async (body: BodyInit, headers?: Record<string, string>) => {
    const call = { organizationId: organization.id, path, body, ...(headers && { headers }) }
    const answer = await add(await request(call), { params: Promise.resolve({ id }) })
    return { status: answer.status, headers: answer.headers, body: await answer.json() }
  }
  return { organizationId: organization.id, id, path, send }
}

const json = { 'content-type': 'application/json' }
const form = (parts: Record<string, string | File>) => {
  const data = new FormData()
  for (const [name, value] of Object.entries(parts)) data.append(name, value)
  return data
}
const file = (content: BlobPart, name = 'notes.md') => new File([content], name)
const counts = (id: string) => db().document.count({ where: { dataSourceId: id } })

describe('making a source', () => {
  test('of a provider is refused with words that help', async () => {
    const { organization } = await tenant()
    const call = { organizationId: organization.id, path: '/api/v1/data-sources', headers: json }
    const post = async (body: object) =>
      create(await request({ ...call, body: JSON.stringify(body) }), { params: Promise.resolve({}) })
    const refused = await post({ name: 'Drive', kind: 'google_drive' })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({
      code: 'invalid_request',
      fields: { kind: expect.stringContaining('connect it in the console') },
    })
    expect((await post({ name: 'Files', kind: 'file' })).status).toBe(201)
  })
})

describe('a document comes', () => {
  test('as JSON, with a title and a text', async () => {
    const { send } = await place()
    const sent = await send(JSON.stringify({ title: 'T', text: 'Words', url: 'https://a.example/t' }), json)
    expect(sent).toMatchObject({ status: 201, body: { title: 'T', url: 'https://a.example/t', size: 5 } })
  })

  test('as a form with a file, called like the file or by a title of its own', async () => {
    const { send } = await place()
    expect(await send(form({ file: file('# Head', 'größe.md') }))).toMatchObject({
      status: 201,
      body: { title: 'größe.md', media_type: 'text/markdown', size: 6, status: 'waiting' },
    })
    expect(await send(form({ title: 'T', url: 'https://a.example', file: file('x') }))).toMatchObject({
      status: 201,
      body: { title: 'T', url: 'https://a.example' },
    })
  })

  test('of exactly ten mebibytes, and not of one byte more', async () => {
    const { send, id } = await place()
    const content = new Uint8Array(10 * MIB + 1).fill(0x61)
    expect((await send(form({ file: file(content.subarray(1), 'a.txt') }))).status).toBe(201)
    const refused = await send(form({ file: file(content, 'a.txt') }))
    expect(refused).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    expect(await counts(id)).toBe(1)
  })

  test('as a text of more than ten mebibytes, whatever its letters, not at all', async () => {
    const { send, id } = await place()
    for (const letter of ['a', 'ä']) {
      const refused = await send(JSON.stringify({ title: 'T', text: letter.repeat(10 * MIB + 1) }), json)
      expect(refused).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
    }
    expect(await counts(id)).toBe(0)
  })

  test('as JSON of more than the mebibyte that other bodies may have', async () => {
    const { send, organizationId } = await place()
    const text = 'word '.repeat(300_000)
    expect((await send(JSON.stringify({ title: 'T', text }), json)).status).toBe(201)
    const call = { organizationId, path: '/api/v1/data-sources', headers: json, body: `{"name":"${text}"}` }
    const elsewhere = await create(await request(call), { params: Promise.resolve({}) })
    expect(elsewhere.status).toBe(413)
  })
})

test.each([
  ['named beside another parameter', 'xboundary=none; boundary=real', 'real'],
  ['quoted with an escape', 'boundary="re\\"al"', 're"al'],
  ['named twice', 'boundary=real; boundary=none', 'real'],
])('a form of very many parts is refused, its boundary %s', async (_name, parameters, boundary) => {
  const { send, id } = await place()
  const part = (disposition: string, text: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`
  const body = `${part('name="title"', 'T').repeat(9)}${part('name="file"; filename="a.txt"', 'x')}--${boundary}--\r\n`
  const refused = await send(body, { 'content-type': `multipart/form-data; ${parameters}` })
  expect(refused).toMatchObject({ status: 400, body: { fields: { body: expect.stringContaining('parts') } } })
  expect(await counts(id)).toBe(0)
})

test('a body of very many members that nobody knows gets a short answer', async () => {
  const { send } = await place()
  const members = Array.from({ length: 50_000 }, (_, number) => [`member${number}`, 1])
  const refused = await send(JSON.stringify({ ...Object.fromEntries(members), ['x'.repeat(5_000)]: 1 }), json)
  expect(refused).toMatchObject({ status: 400, body: { fields: { title: expect.any(String) } } })
  expect(JSON.stringify(refused.body).length).toBeLessThan(10_000)
})

describe('refused, with what is wrong', () => {
  test.each<[string, BodyInit, Record<string, string> | undefined, number, string]>([
    ['no file', form({ title: 'T' }), undefined, 400, 'invalid_request'],
    ['a file that is a field', form({ file: 'text' }), undefined, 400, 'invalid_request'],
    ['a field that is not known', form({ file: file('x'), id: 'doc_1' }), undefined, 400, 'invalid_request'],
    ['a title that is none', form({ file: file('x'), title: ' ' }), undefined, 400, 'invalid_request'],
    ['an empty file', form({ file: file('') }), undefined, 400, 'invalid_request'],
    ['a program', form({ file: file('\x7fELF', 'a') }), undefined, 415, 'unsupported_media_type'],
    ['a form without a boundary', 'x', { 'content-type': 'multipart/form-data' }, 400, 'invalid_request'],
    [
      'a form that is none',
      'hello',
      { 'content-type': 'multipart/form-data; boundary=x' },
      400,
      'invalid_request',
    ],
    ['a bare file', 'hello', { 'content-type': 'application/pdf' }, 415, 'unsupported_media_type'],
    ['plain text', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['JSON cut off', '{"title":', json, 400, 'invalid_json'],
    ['JSON without a text', '{"title":"T"}', json, 400, 'invalid_request'],
  ])('%s', async (_name, body, headers, status, code) => {
    const { send, id } = await place()
    expect(await send(body, headers)).toMatchObject({ status, body: { code } })
    expect(await counts(id)).toBe(0)
  })

  test('two files, and more parts than a form has', async () => {
    const { send } = await place()
    const two = form({ file: file('x') })
    two.append('file', file('y'))
    expect(await send(two)).toMatchObject({
      status: 400,
      body: { fields: { file: 'send one file a request' } },
    })
    const many = form({ file: file('x') })
    for (let part = 0; part < 50; part++) many.append(`p${part}`, 'x')
    expect(await send(many)).toMatchObject({ status: 400, body: { fields: { body: expect.any(String) } } })
  })

  test('a body without end, once it is longer than any may be', async () => {
    const { send } = await place()
    const chunk = new Uint8Array(MIB)
    let sent = 0
    const endless = () =>
      new ReadableStream({
        pull: (controller) => {
          sent += 1
          controller.enqueue(chunk)
        },
      })
    for (const type of ['application/json', 'multipart/form-data; boundary=x']) {
      sent = 0
      expect(await send(endless(), { 'content-type': type })).toMatchObject({
        status: 413,
        body: { code: 'payload_too_large' },
      })
      expect(sent).toBeLessThan(16)
    }
  })
})

describe('an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'once' }

  test('adds a file once, however often and in whatever wrapping it is sent', async () => {
    const { send, id } = await place()
    const first = await send(form({ file: file('same') }), headers)
    const again = await send(form({ file: file('same') }), headers)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(await counts(id)).toBe(1)
    const other = await send(form({ file: file('other') }), headers)
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } })
    const renamed = await send(form({ file: file('same', 'renamed.md') }), headers)
    expect(renamed.status).toBe(409)
  })

  test('counts for one source: another source gets a document of its own', async () => {
    const one = await place()
    const { id } = await createDataSource(keyOf(one.organizationId, ['admin']), { name: 'B', kind: 'file' })
    await one.send(form({ file: file('same') }), headers)
    const path = `/api/v1/data-sources/${id}/documents`
    const call = { organizationId: one.organizationId, path, body: form({ file: file('same') }), headers }
    const answer = await add(await request(call), { params: Promise.resolve({ id }) })
    expect(await answer.json()).toMatchObject({ data_source_id: id })
  })
})

test('a key of the other environment, organization or scope adds nothing', async () => {
  const { id, path, organizationId } = await place()
  const { organization } = await tenant()
  const body = () => form({ file: file('x') })
  const cases: Array<[Partial<Call>, number]> = [
    [{ environment: 'test' }, 404],
    [{ organizationId: organization.id }, 404],
    [{ scopes: ['read', 'execute'] }, 403],
  ]
  for (const [change, status] of cases) {
    const call = { organizationId, path, body: body(), ...change }
    const answer = await add(await request(call), { params: Promise.resolve({ id }) })
    expect(answer.status).toBe(status)
  }
  expect(await counts(id)).toBe(0)
})

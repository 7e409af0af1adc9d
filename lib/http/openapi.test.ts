import { expect, test } from 'vitest'
import { type Endpoint, endpoints } from '../core/endpoints'
import { apiPolicy } from '../core/policy'
import { openApiDocument } from './openapi'

const document = openApiDocument('https://twig.example')

test('the document names every operation of the policy, with its scope and bucket', () => {
  const rows = apiPolicy.filter(({ audience }) => audience === 'key')
  for (const { methods, pattern, scope, bucket } of rows) {
    for (const method of methods) {
      const operation = document.paths?.[pattern]?.[method.toLowerCase() as 'get']
      expect(operation, `${method} ${pattern}`).toBeDefined()
      expect(operation?.description).toContain(scope === 'any' ? 'any key' : scope)
      expect(operation?.description).toContain(`the ${bucket} bucket`)
    }
  }
  expect(Object.values(document.paths ?? {}).flatMap((path) => Object.keys(path ?? {}))).toHaveLength(
    Object.keys(endpoints).length,
  )
})

test('what an operation may answer is in it: conflicts, large bodies, providers, streams and tables', () => {
  const answers = (path: string, method: 'get' | 'post' | 'put') =>
    document.paths?.[path]?.[method]?.responses
  for (const [name, { method, path, body }] of Object.entries<Endpoint>(endpoints)) {
    const statuses = Object.keys(answers(path, method as 'get') ?? {})
    if (method !== 'get') expect(statuses, name).toContain('409')
    if (body) expect(statuses, name).toEqual(expect.arrayContaining(['413', '415']))
  }
  for (const path of ['/query', '/chat'] as const) {
    expect(answers(path, 'post')).toMatchObject({
      200: { content: { 'text/event-stream': {} }, headers: { 'X-Twig-Billed-To': {} } },
      502: {},
      504: {},
    })
  }
  expect(answers('/interactions', 'get')).toMatchObject({ 200: { content: { 'text/csv': {} } } })
  for (const [path, method] of [
    ['/external-keys', 'post'],
    ['/external-keys/{id}', 'put'],
    ['/external-keys/{id}/models', 'get'],
  ] as const) {
    expect(answers(path, method), path).toHaveProperty('502')
  }
})

test('both servers, the Bearer scheme and the shared error shape are in it', () => {
  expect(document.servers?.map(({ url }) => url)).toEqual([
    'https://twig.example/api/v1',
    'https://twig.example/api/test/v1',
  ])
  expect(document.components?.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } })
  expect(Object.keys(document.components?.schemas ?? {})).toEqual(
    expect.arrayContaining(['Agent', 'AgentInput', 'Error']),
  )
})

import { expect, test } from 'vitest'
import { type Endpoint, endpoints } from './endpoints'
import { API_BASE, apiPolicy, resolvePolicy } from './policy'

const operations: [string, Endpoint][] = Object.entries(endpoints)

test.each(operations)('%s has a row of the policy that takes a key', (_name, { method, path }) => {
  const row = apiPolicy.find(({ pattern, methods }) => {
    return pattern === path && (methods as readonly string[]).includes(method.toUpperCase())
  })
  expect(row).toMatchObject({ audience: 'key' })
  const resolution = resolvePolicy(method.toUpperCase(), API_BASE + path.replaceAll(/\{\w+\}/g, 'agent_1'))
  expect(resolution).toMatchObject({ kind: 'row', row })
})

test('every row of the policy that takes a key has an operation', () => {
  const documented = operations.map(([, { method, path }]) => `${method.toUpperCase()} ${path}`)
  const rows = apiPolicy.filter(({ audience }) => audience === 'key')
  expect(
    rows.flatMap(({ methods, pattern }) => methods.map((method) => `${method} ${pattern}`)).sort(),
  ).toEqual(documented.sort())
})

test.each(operations)(
  '%s parses each name of its path and has a body only where it changes something',
  (_name, operation) => {
    const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    expect(Object.keys(operation.params?.shape ?? {})).toEqual(names)
    expect(operation.body !== undefined).toBe(['post', 'put', 'patch'].includes(operation.method))
    expect(operation.summary).toMatch(/^[A-Z].*\.$/)
  },
)

test.each(operations)('%s shows a body that it takes, where it takes one', (_name, { body, sample }) => {
  expect(sample !== undefined).toBe(body !== undefined)
  if (body) expect(body.safeParse(sample).error).toBeUndefined()
})

test('what may come as CSV can be asked for as CSV, and nothing else can', () => {
  const csv = operations
    .filter(([, { csv, file }]) => csv !== undefined || file?.includes('text/csv'))
    .map(([name]) => name)
  const asked = operations.filter(([, { query }]) => query?.safeParse({ format: 'csv' }).success)
  expect(csv).toEqual(['getApiKeyUsage', 'listAuditLogs', 'exportAuditLogs', 'listInteractions'])
  expect(asked.map(([name]) => name)).toEqual(csv)
})

test('a new key is in the answers that make one and in no other', () => {
  const made = operations.filter(
    ([, { output }]) => 'shape' in output && Object.hasOwn(Object(output.shape), 'key'),
  )
  expect(made.map(([name]) => name)).toEqual(['whoami', 'createApiKey', 'rotateApiKey', 'explainRequest'])
})

test('no two operations answer to the same method and path', () => {
  const claims = operations.map(([, { method, path }]) => `${method} ${path}`)
  expect(new Set(claims).size).toBe(claims.length)
})

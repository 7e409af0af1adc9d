import { expect, test } from 'vitest'
import { endpoints } from '../core/endpoints'
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

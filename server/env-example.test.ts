import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { validateEnv } from '../lib/env/node'
import { variables } from '../lib/env/variables'
import { root } from './configuration'

const file = readFileSync(join(root, '.env.example'), 'utf8')

test('.env.example names every variable, and nothing that does not exist', () => {
  const named = [...file.matchAll(/^#([A-Z_]+)=/gm)].map((match) => match[1])
  expect(named.sort()).toEqual(Object.keys(variables.shape).sort())
})

test('.env.example, copied as it is, changes nothing', () => {
  expect(parseEnv(file)).toEqual({})
})

test('.env.example with every line in force is valid but for what it leaves empty on purpose', () => {
  const env = parseEnv(file.replace(/^#([A-Z_]+=)/gm, '$1'))
  const checked = validateEnv({
    ...env,
    REDIS_URL: undefined,
    DATABASE_URL: undefined,
    DATABASE_DIRECT_URL: undefined,
    UPSTASH_REDIS_REST_URL: undefined,
  })
  expect(checked.ok ? [] : checked.problems).toEqual([])
})

test('no secret in .env.example has a value', () => {
  for (const match of file.matchAll(/^#(\w*(?:SECRET|PEPPER|KEYS|API_KEY|TOKEN))=(.*)$/gm))
    expect(match[2]).toBe('')
})

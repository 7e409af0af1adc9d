import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { validateEnv } from '../lib/env/node'
import { Problem } from './problem.mjs'
import { ensureSecrets, fillSecrets } from './secrets'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twig secrets '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const dataDir = () => join(folder, 'data')
const file = () => join(dataDir(), 'secrets.json')

test('the first call makes a folder of mode 700 and a file of mode 600, later calls return the same', () => {
  const first = ensureSecrets(dataDir())
  expect(statSync(dataDir()).mode & 0o777).toBe(0o700)
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  expect(ensureSecrets(dataDir())).toEqual(first)
  expect(readdirSync(dataDir())).toEqual(['secrets.json'])
})

test('what is generated passes the checks that an operator’s own secrets must pass', () => {
  const env: Record<string, string | undefined> = { DATABASE_URL: 'postgresql://localhost/twig' }
  fillSecrets(env as NodeJS.ProcessEnv, ensureSecrets(dataDir()))
  expect(validateEnv(env).ok).toBe(true)
})

test('two folders share no secret', () => {
  const one = Object.values(ensureSecrets(join(folder, 'a')))
  const two = new Set(Object.values(ensureSecrets(join(folder, 'b'))))
  expect(one.filter((value) => two.has(value))).toEqual([])
})

test('a file that others can read is closed to them', () => {
  ensureSecrets(dataDir())
  chmodSync(file(), 0o644)
  ensureSecrets(dataDir())
  expect(statSync(file()).mode & 0o777).toBe(0o600)
})

test('a file that exists already is never overwritten, damaged or not', () => {
  mkdirSync(dataDir())
  writeFileSync(file(), '{"TWIG_SESSION_SECRET": "half', { mode: 0o600 })
  expect(() => ensureSecrets(dataDir())).toThrow(Problem)
  expect(readFileSync(file(), 'utf8')).toBe('{"TWIG_SESSION_SECRET": "half')
})

test('a database whose secrets are gone is not given new ones', () => {
  mkdirSync(join(dataDir(), 'postgres'), { recursive: true })
  expect(() => ensureSecrets(dataDir())).toThrow(/missing/)
  expect(existsSync(file())).toBe(false)
})

test('a secret in the environment wins over the kept one', () => {
  const env = { NODE_ENV: 'test', TWIG_KEY_PEPPER: 'from the environment', TWIG_GATEWAY_SECRET: '' } as const
  const filled: NodeJS.ProcessEnv = { ...env }
  const kept = ensureSecrets(dataDir())
  fillSecrets(filled, kept)
  expect(filled.TWIG_KEY_PEPPER).toBe('from the environment')
  expect(filled.TWIG_GATEWAY_SECRET).toBe(kept.TWIG_GATEWAY_SECRET)
  expect(filled).not.toHaveProperty('postgresPassword')
})

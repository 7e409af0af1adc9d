import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { validateEnv } from '../../lib/env/node'
import {
  checkDataFolder,
  checkFileModes,
  checkNode,
  checkSecrets,
  configurationProblems,
} from './environment'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twig-doctor-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('doctor', () => {
  test('knows the versions of Node.js that Twig runs on', () => {
    const statuses = ['v20.18.9', 'v20.19.0', 'v22.11.0', 'v22.12.0', 'v24.1.0'].map(
      (v) => checkNode(v).status,
    )
    expect(statuses).toEqual(['problem', 'ok', 'problem', 'ok', 'ok'])
  })

  test('puts every problem of the environment under its subject, with a fix, quoting no value', () => {
    const checked = validateEnv({
      PORT: 'http',
      DATABASE_URL: 'mysql://user:hunter2@db/twig',
      UPSTASH_REDIS_REST_URL: 'https://redis.example.com',
      TWIG_KEY_PEPPER: 'changeme-changeme-changeme-changeme',
      APP_URL: 'https://twig.example.com/path',
      SMTP_URL: 'mail.example.com',
      SIGNUP: 'maybe',
    })
    const findings = checked.ok ? [] : configurationProblems(checked.problems)
    const subjects = new Set(findings.map(({ check }) => check))
    expect([...subjects].sort()).toEqual([
      'app_url',
      'configuration',
      'mail',
      'port',
      'postgres',
      'redis',
      'secrets',
    ])
    expect(findings.every(({ status, fix }) => status === 'problem' && fix)).toBe(true)
    expect(JSON.stringify(findings)).not.toMatch(/hunter2|changeme-/)
  })

  test('warns of a data folder that others can enter', () => {
    chmodSync(folder, 0o700)
    expect(checkDataFolder(folder).status).toBe('ok')
    chmodSync(folder, 0o755)
    expect(checkDataFolder(folder)).toMatchObject({
      status: 'warning',
      fix: `Run: chmod g-rw,o-rwx "${folder}"`,
    })
    chmodSync(folder, 0o710)
    expect(checkDataFolder(folder).status).toBe('ok')
    expect(checkDataFolder(join(folder, 'absent')).status).toBe('ok')
  })

  test('finds secrets that others can read', () => {
    const secrets = join(folder, 'secrets.json')
    const dotEnv = join(folder, '.env')
    expect(checkFileModes(dotEnv, secrets)).toEqual([])
    for (const path of [secrets, dotEnv]) writeFileSync(path, '{}', { mode: 0o644 })
    expect(checkFileModes(dotEnv, secrets).map(({ check, status }) => [check, status])).toEqual([
      ['secrets', 'problem'],
      ['configuration', 'warning'],
    ])
    for (const path of [secrets, dotEnv]) chmodSync(path, 0o600)
    expect(checkFileModes(dotEnv, secrets)).toEqual([])
  })

  test('says where the secrets come from, and when two are one', () => {
    const all = {
      TWIG_SESSION_SECRET: 'a',
      TWIG_KEY_PEPPER: 'b',
      TWIG_GATEWAY_SECRET: 'c',
      TWIG_ENCRYPTION_KEYS: 'd',
    }
    const file = join(folder, 'secrets.json')
    expect(checkSecrets(all, file)[0]?.detail).toContain('come from the environment')
    expect(checkSecrets({}, file)[0]?.detail).toContain('made by the first npm start')
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, '{}')
    expect(checkSecrets({ TWIG_KEY_PEPPER: 'b' }, file)[0]?.detail).toBe(
      `All but TWIG_KEY_PEPPER are kept in ${file}.`,
    )
    expect(checkSecrets({ ...all, TWIG_GATEWAY_SECRET: 'a' }, file)[0]).toMatchObject({
      status: 'warning',
      detail: 'TWIG_GATEWAY_SECRET has the value of another secret.',
    })
  })
})

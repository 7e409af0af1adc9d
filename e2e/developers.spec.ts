import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { APIRequestContext } from '@playwright/test'
import { apiBase, requestSamples } from '../app/(app)/agents/[id]/samples'
import { bearer, expect, generateKey, test } from './fixtures'

const GUIDE = readFileSync(join(import.meta.dirname, '../docs/developers.md'), 'utf8')
const QUESTION = 'How long can a product be returned?'
const ANSWER = 'within 30 days'
const TIMEOUT_MS = 30_000

/** What runs the programs of a language, and their file. */
const LANGUAGES = {
  sh: { label: 'curl', file: 'guide.sh', command: ['bash', '-eu', '-o', 'pipefail'] },
  js: { label: 'JavaScript', file: 'guide.mjs', command: [process.execPath] },
  python: { label: 'Python', file: 'guide.py', command: ['python3'] },
} as const
type Language = keyof typeof LANGUAGES

function isHere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const languages = (Object.keys(LANGUAGES) as Language[]).filter((language) => {
  const { label, command } = LANGUAGES[language]
  if (isHere(command[0])) return true
  process.stderr.write(`left out: the guide's programs in ${label} (no ${command[0]})\n`)
  return false
})

/** The guide's blocks of a language, one after the other, as somebody copies them into one file. */
function program(language: Language): string {
  const blocks = [...GUIDE.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, code]) => {
    return name === language && code ? [code] : []
  })
  // What a reader fills in comes from the environment here.
  return blocks.filter((code) => !code.includes('…')).join('\n')
}

/** Runs a program as it stands and returns all that it printed; throws with it where it fails. */
async function run(language: Language, code: string, env: Record<string, string>): Promise<string> {
  const { file, command } = LANGUAGES[language]
  const folder = mkdtempSync(join(tmpdir(), 'twig-guide-'))
  try {
    writeFileSync(join(folder, file), code)
    const [name, ...args] = command
    const options = { cwd: folder, env: { NODE_ENV: 'test' as const, PATH: process.env.PATH, ...env } }
    const { stdout } = await promisify(execFile)(name, [...args, file], { ...options, timeout: TIMEOUT_MS })
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A key of its own for each language: a key may write ten times a minute. */
async function makeKey(api: APIRequestContext, admin: string, scopes: string[]): Promise<string> {
  const data = { name: 'Guide', scopes, environment: 'live' }
  const created = await api.post('/api/v1/api-keys', { ...bearer(admin), data })
  expect(created.status()).toBe(201)
  return (await created.json()).key
}

test('the programs of docs/developers.md and of the console run as they stand', async ({
  page,
  person,
  api,
  baseURL,
}) => {
  test.setTimeout(120_000)
  expect(person.email).toContain('@')
  const origin = baseURL ?? ''
  const admin = await generateKey(page, { name: 'Admin', scopes: ['Admin'] })
  expect(program('sh')).toContain('/explain')

  await Promise.all(
    languages.map(async (language) => {
      const code = program(language)
      // Asking why a request is refused is the one thing that needs more.
      const more = code.includes('/explain') ? ['admin'] : []
      const key = await makeKey(api, admin, ['read', 'write', 'execute', ...more])
      const printed = await run(language, code, { TWIG_URL: origin, TWIG_API_KEY: key })
      expect(printed.split(ANSWER).length - 1, printed).toBeGreaterThan(1)
      if (more.length > 0) expect(printed).toContain('"admitted":true')
    }),
  )

  const { data } = await (await api.get('/api/v1/agents', bearer(admin))).json()
  const agent_id: string = data[0].id
  const samples = [
    ...requestSamples(`${apiBase(origin, 'live')}/query`, { agent_id, query: QUESTION }),
    ...requestSamples(`${apiBase(origin, 'live')}/chat`, { agent_id, message: QUESTION, stream: true }),
  ]
  await Promise.all(
    samples.map(async ({ label, code }) => {
      const language = languages.find((each) => LANGUAGES[each].label === label)
      if (language) expect(await run(language, code, { TWIG_API_KEY: admin }), label).toContain(ANSWER)
    }),
  )
})

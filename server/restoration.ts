import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { root } from './configuration'
import {
  expectThat,
  neutralEnvironment,
  type ServerUnderTest,
  startServerUnderTest,
  stopCleanly,
} from './server-under-test'

/** The model server of this check runs on this machine. */
const SETTINGS = { TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32' }
const PASSWORD = 'plover-quartz-mandolin-42'
const QUESTION = 'Is this key mine?'
const ANSWER = 'It is.'
const WAIT_MS = 30_000

/** An OpenAI-compatible server that takes one key and no other. */
async function serveModel(apiKey: string): Promise<{ endpoint: string; close: () => void }> {
  const server = createServer((request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${apiKey}`
    const message = { role: 'assistant', content: ANSWER }
    const models = { object: 'list', data: [{ id: 'small', object: 'model' }] }
    const completion = {
      ...{ id: 'completion', object: 'chat.completion', created: 0, model: 'small' },
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }
    const body = request.url?.endsWith('/models') ? models : completion
    response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(isKnown ? body : { error: { message: 'Not a key of mine.' } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { endpoint: `http://127.0.0.1:${port}/v1`, close }
}

/** The operator's command line on a data folder; throws where it exits with anything but 0. */
async function twig(dataDir: string, ...args: string[]): Promise<Record<string, unknown>> {
  const env = { ...neutralEnvironment(), TWIG_DATA_DIR: dataDir }
  const command = [join(root, 'server/bootstrap.mjs'), 'twig', ...args, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root, env })
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Asks again while the answer is 503, which a machine too busy for a look-up of 300 ms gets as well. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  for (const deadline = Date.now() + WAIT_MS; ; await sleep(1_000)) {
    const answer = await fetch(url, init)
    if (answer.status !== 503 || Date.now() > deadline) return answer
  }
}

async function call({ url }: ServerUnderTest, key: string, path: string, body?: object): Promise<string> {
  const answer = await ask(`${url}/api/v1${path}`, {
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  expectThat(answer.ok, `${path} was answered ${answer.status}: ${text}`)
  return text
}

/** The id of what a call makes. */
async function make(server: ServerUnderTest, key: string, path: string, body: object): Promise<string> {
  return (JSON.parse(await call(server, key, path, body)) as { id: string }).id
}

/** Signs in as the login page does, and returns the session's cookie. */
async function signIn({ url }: ServerUnderTest, email: string): Promise<string> {
  const form = await ask(`${url}/api/auth/csrf`, {})
  const { csrfToken } = (await form.json()) as { csrfToken: string }
  const headers = { Origin: url, Cookie: form.headers.getSetCookie().map(pair).join('; ') }
  const body = new URLSearchParams({ csrfToken, email, password: PASSWORD, json: 'true' })
  const answer = await ask(`${url}/api/auth/callback/credentials`, { method: 'POST', headers, body })
  const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('twig_session='))
  expectThat(cookie !== undefined, `Signing in gave no session: ${answer.status}`)
  return pair(cookie ?? '')
}

interface Session {
  user?: { email: string }
  organization?: { id: string }
}

async function sessionOf({ url }: ServerUnderTest, cookie: string): Promise<Session> {
  const answer = await ask(`${url}/api/auth/session`, { headers: { Cookie: cookie } })
  return (await answer.json()) as Session
}

/** `name=value` of a Set-Cookie line. */
function pair(line: string): string {
  return line.split(';', 1)[0] ?? ''
}

/** What people and programs hold before the backup, and must be of use after it is restored. */
interface Held {
  email: string
  key: string
  cookie: string
  agentId: string
}

async function beginToUse(server: ServerUnderTest, endpoint: string, modelKey: string): Promise<Held> {
  const email = `operator.${randomBytes(6).toString('hex')}@example.com`
  await twig(server.dataDir, 'user', 'create', '--email', email, '--password', PASSWORD)
  const cookie = await signIn(server, email)
  const { organization } = await sessionOf(server, cookie)
  const key = { name: 'Backup', env: 'live', scopes: 'read,write,execute,admin', org: organization?.id ?? '' }
  const flags = Object.entries(key).flatMap(([name, value]) => [`--${name}`, value])
  const held = { email, cookie, key: String((await twig(server.dataDir, 'key', 'create', ...flags)).key) }
  const given = { provider: 'custom', api_key: modelKey, endpoint }
  const external_key_id = await make(server, held.key, '/external-keys', given)
  const model = { source: 'custom_key', name: 'small', external_key_id }
  return { ...held, agentId: await make(server, held.key, '/agents', { name: 'Restored', model }) }
}

async function expectInUse(server: ServerUnderTest, { email, key, cookie, agentId }: Held): Promise<void> {
  await call(server, key, '/whoami')
  const { user } = await sessionOf(server, cookie)
  expectThat(user?.email === email, 'The session from before is not known any more.')
  const page = await ask(`${server.url}/account`, { headers: { Cookie: cookie }, redirect: 'manual' })
  expectThat(page.status === 200, `A page was answered ${page.status} to the session from before.`)
  const turn = await call(server, key, '/query', { agent_id: agentId, query: QUESTION })
  expectThat(turn.includes(ANSWER), `The sealed key did not reach its provider: ${turn}`)
}

/** How many sealed rows a start says it cannot open; tests before this check leave some that nobody can. */
function unreadableRows(log: string): number {
  return Number(/does not open (\d+) of/.exec(log)?.[1] ?? 0)
}

/**
 * Starts Twig again on a data folder that was used, with nothing left to do; then backs up as docs/operate.md says, by a
 * copy of the folder of the stopped Twig, and starts Twig on the copy: what was made before works there, a sealed key
 * opens, and the audit log's new export verifies.
 */
export async function startedAgainAndElsewhere(folder: string): Promise<void> {
  const modelKey = `sk-${randomBytes(16).toString('hex')}`
  const model = await serveModel(modelKey)
  const elsewhere = `${folder}-restored`
  mkdirSync(elsewhere)
  // As root, Postgres runs as a user of its own and must pass through here.
  chmodSync(elsewhere, 0o711)
  try {
    const original = await startServerUnderTest(folder, SETTINGS)
    const begun = original.log()
    expectThat(!/Building|Making|migrated/.test(begun), `It did again what was done already:\n${begun}`)
    const held = await beginToUse(original, model.endpoint, modelKey)
    await stopCleanly(original)

    execFileSync('cp', ['-a', original.dataDir, join(elsewhere, 'data')])
    const restored = await startServerUnderTest(elsewhere, SETTINGS)
    const log = restored.log()
    const lacks = /Making|migrated/.test(log) || unreadableRows(log) > unreadableRows(begun)
    expectThat(!lacks, `It lacks something that was copied:\n${log}`)
    await expectInUse(restored, held)
    const file = join(elsewhere, 'audit.jsonl')
    writeFileSync(file, await call(restored, held.key, '/audit-logs/export'))
    await twig(restored.dataDir, 'audit', 'verify', '--file', file)
    await stopCleanly(restored)
  } finally {
    model.close()
  }
}

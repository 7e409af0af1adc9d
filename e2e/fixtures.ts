import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type APIRequestContext,
  type BrowserContext,
  test as base,
  expect,
  type Page,
} from '@playwright/test'
import { Redis } from '@upstash/redis'
import pg from 'pg'
import { postgresUrl } from '../server/postgres'

export { expect } from '@playwright/test'

/** A password nobody guesses, and no rule of composition behind it. */
export const PASSWORD = 'plover-quartz-mandolin-42'

export interface Person {
  name: string
  email: string
  password: string
}

/** Somebody new. */
export function somebody(): Person {
  const tag = randomBytes(6).toString('hex')
  return { name: `Ada ${tag}`, email: `ada.${tag}@example.com`, password: PASSWORD }
}

/** An address of its own for each test: the server under test trusts one proxy, so throttles keep tests apart. */
export function someAddress(): string {
  return `198.18.${randomInt(0, 256)}.${randomInt(1, 255)}`
}

/** Where the server under test keeps its data and writes its log. */
export function serverUnderTest() {
  const dataDir = process.env.E2E_DATA_DIR ?? '.data'
  const logFile = process.env.E2E_LOG
  return {
    dataDir,
    log: () => (logFile ? readFileSync(logFile, 'utf8') : ''),
    secrets: () => JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as Record<string, string>,
    run: () =>
      JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as {
        postgresPort: number
        redis: { url: string; token: string }
      },
  }
}

/** A connection to the database of the server under test. */
async function database(): Promise<pg.Client> {
  const { run, secrets } = serverUnderTest()
  const connectionString = postgresUrl(run().postgresPort, secrets().postgresPassword ?? '')
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}

/** Every row of every table as one text. */
export async function dumpDatabase(): Promise<string> {
  const client = await database()
  try {
    const tables = await client.query("select tablename from pg_tables where schemaname = 'public'")
    const parts: string[] = []
    for (const { tablename } of tables.rows as { tablename: string }[]) {
      const { rows } = await client.query(`select * from "${tablename}"`)
      parts.push(JSON.stringify(rows))
    }
    return parts.join('\n')
  } finally {
    await client.end()
  }
}

/** Every key and value of Redis as one text. */
export async function dumpRedis(): Promise<string> {
  const { url, token } = serverUnderTest().run().redis
  const redis = new Redis({ url, token, automaticDeserialization: false, enableTelemetry: false })
  const parts: string[] = []
  for (const key of await redis.keys('*')) {
    const kind = await redis.type(key)
    parts.push(key, JSON.stringify(kind === 'hash' ? await redis.hgetall(key) : await redis.get(key)))
  }
  return parts.join('\n')
}

/** Fills in the sign-up form and waits for the console. */
export async function signUp(page: Page, person: Person): Promise<void> {
  await page.goto('/signup')
  await page.getByLabel('Name', { exact: true }).fill(person.name)
  await page.getByLabel('Email', { exact: true }).fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.waitForURL('**/agents')
}

/** Fills in the login form of the page that is open. */
export async function signIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel('Email', { exact: true }).fill(person.email)
  await page.getByLabel('Password', { exact: true }).fill(person.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Generates a key in the console and hands back the secret that is shown once. */
export async function generateKey(
  page: Page,
  { name, scopes, environment = 'Live' }: { name: string; scopes: string[]; environment?: 'Live' | 'Test' },
): Promise<string> {
  await page.goto('/settings/api-keys')
  await page.getByRole('button', { name: 'Generate New Key' }).click()
  await page.getByLabel('Name', { exact: true }).fill(name)
  for (const scope of scopes) await page.getByRole('checkbox', { name: scope, exact: true }).check()
  await page.getByRole('radio', { name: environment, exact: true }).check()
  await page.getByRole('button', { name: 'Generate', exact: true }).click()
  const key = await page.getByLabel('API key', { exact: true }).inputValue()
  expect(key).toMatch(/^twigsk_(live|test)_[0-9A-Za-z]{52}$/)
  await page.getByRole('button', { name: 'Done' }).click()
  return key
}

/** The value of the session cookie, or undefined. */
export async function sessionCookie(context: BrowserContext) {
  return (await context.cookies()).find((cookie) => cookie.name === 'twig_session')
}

/** Calls the API as a program would: no cookies, one header. */
export function bearer(key: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${key}` } }
}

interface Fixtures {
  /** Somebody who has signed up; `page` is signed in as them. */
  person: Person
  /** Whatever the browser's console said that it should not have. */
  complaints: string[]
  /** A program's requests: no cookies. */
  api: APIRequestContext
}

export const test = base.extend<Fixtures>({
  extraHTTPHeaders: async ({ browserName: _browser }, use) => {
    await use({ 'x-forwarded-for': someAddress() })
  },
  complaints: async ({ page }, use) => {
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()))
        complaints.push(`${message.type()}: ${message.text()}`)
    })
    await use(complaints)
  },
  person: async ({ page }, use) => {
    const person = somebody()
    await signUp(page, person)
    await use(person)
  },
  api: async ({ playwright, baseURL }, use) => {
    const context = await playwright.request.newContext({ baseURL: baseURL ?? '' })
    await use(context)
    await context.dispose()
  },
})

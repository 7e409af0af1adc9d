import { setTimeout as sleep } from 'node:timers/promises'
import { type APIRequest, type APIRequestContext, type APIResponse, expect } from '@playwright/test'
import { base62Of, randomBase62 } from '../lib/core/ids'
import type { Scope } from '../lib/core/principal'
import { nodeHmac } from '../lib/store/hmac'
import { hashSecret } from '../lib/store/key-hash'
import type { World } from './fault-world'
import { PASSWORD, someAddress } from './fixtures'

/** An answer, whoever asked. One that never came has status 0. */
export interface Answer {
  status: number
  /** The error's code; empty when there is none. */
  code: string
  headers: Record<string, string>
  setCookies: string[]
  body: unknown
  ms: number
}

export interface Key {
  id: string
  key: string
}

/** The keys that one fault is tried on. */
export interface FaultKeys {
  /** Never used before. */
  unknown: Key
  /** With the write scope and a full bucket. */
  limiter: Key
  spareLimiter: Key
  /** Used a moment ago, and to be deleted. */
  victim: Key
}

/** A program with its keys and a signed-in person, of one organization. */
export interface Callers {
  organizationId: string
  admin: Key
  known: Key
  deleted: Key
  disabled: Key
  /** Requests that must be counted, by the key's id. */
  counted: Map<string, number>
  call(key: Key, request?: ApiCall): Promise<Answer>
  /** A page with the person's cookie. */
  page(path: string): Promise<Answer>
  /** What the login form sends, from a browser without cookies. */
  signIn(): Promise<Answer>
  /** Whether the person's browser still has its session cookie. */
  hasCookie(): Promise<boolean>
  prepare(): Promise<FaultKeys>
  close(): Promise<void>
}

interface ApiCall {
  method?: string
  path?: string
  body?: unknown
}

const EMAIL = 'ada@example.com'
const PATIENCE_MS = 15_000
const REFUSED_AND_COUNTED = new Set(['revoked_api_key', 'disabled_api_key', 'expired_api_key'])

type Reply = Omit<Answer, 'code' | 'body' | 'ms'> & { text: string }

async function timed(ask: () => Promise<Reply>): Promise<Answer> {
  const began = performance.now()
  const { text, ...reply } = await ask().catch((error: unknown) => {
    return { status: 0, headers: {}, setCookies: [], text: JSON.stringify({ code: String(error) }) }
  })
  const ms = performance.now() - began
  const isJson = /^[{[]/.test(text)
  const body: unknown = isJson ? JSON.parse(text) : null
  const { code } = (body ?? {}) as { code?: unknown }
  return { ...reply, body, code: typeof code === 'string' ? code : '', ms }
}

function callApi(url: string, key: string, { method = 'GET', path = '/whoami', body }: ApiCall) {
  return timed(async () => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const { status, headers } = response
    const setCookies = headers.getSetCookie()
    return { status, headers: Object.fromEntries(headers), setCookies, text: await response.text() }
  })
}

function browse(send: () => Promise<APIResponse>) {
  return timed(async () => {
    const response = await send()
    const cookies = response.headersArray().filter(({ name }) => name.toLowerCase() === 'set-cookie')
    return {
      status: response.status(),
      headers: response.headers(),
      setCookies: cookies.map(({ value }) => value),
      text: await response.text(),
    }
  })
}

function postLoginForm(browser: APIRequestContext, origin: string): Promise<Answer> {
  return browse(async () => {
    const { csrfToken } = await (await browser.get('/api/auth/csrf')).json()
    const form = { csrfToken, email: EMAIL, password: PASSWORD, json: 'true' }
    return browser.post('/api/auth/callback/credentials', { form, headers: { origin } })
  })
}

/** Writes keys as Twig would: one hash serves all, for bcrypt covers the secret alone. */
async function keyWriter({ pepper, query }: World, organizationId: string) {
  const secret = randomBase62(32)
  const hash = await hashSecret(secret)
  const tagOf = nodeHmac(pepper)
  return async (scope: Scope): Promise<Key> => {
    const part = randomBase62(12)
    const body = `twigsk_live_${part}${secret}`
    const key = body + base62Of(await tagOf(body), 8)
    await query(
      `insert into api_keys (id, organization_id, name, environment, scopes, start, last4, secret_hash)
       values ($1, $2, 'Fault', 'live', $3::scope[], $4, $5, $6)`,
      [`key_${part}`, organizationId, `{${scope}}`, part.slice(0, 4), key.slice(-4), hash],
    )
    return { id: `key_${part}`, key }
  }
}

/** Makes an organization with a signed-in person and keys, of which one is deleted and one disabled. */
export async function startCallers(world: World, requests: APIRequest): Promise<Callers> {
  const { url, operate } = world
  await operate('user', 'create', '--email', EMAIL, '--password', PASSWORD)
  const [organization] = await world.query<{ id: string }>('select id from organizations')
  const organizationId = organization?.id ?? ''
  const make = await keyWriter(world, organizationId)

  const counted = new Map<string, number>()
  const call = async ({ id, key }: Key, request: ApiCall = {}) => {
    const answer = await callApi(url, key, request)
    const isCounted =
      answer.headers['x-ratelimit-limit'] !== undefined || REFUSED_AND_COUNTED.has(answer.code)
    if (isCounted) counted.set(id, (counted.get(id) ?? 0) + 1)
    return answer
  }
  const makeUsed = async (scope: Scope) => {
    const key = await make(scope)
    await expect(async () => expect((await call(key)).status).toBe(200)).toPass({ timeout: PATIENCE_MS })
    return key
  }
  const browser = () => {
    const extraHTTPHeaders = { 'x-forwarded-for': someAddress() }
    return requests.newContext({ baseURL: url, extraHTTPHeaders, timeout: PATIENCE_MS })
  }
  const person = await browser()
  const page = (path: string) => browse(() => person.get(path, { maxRedirects: 0 }))
  expect((await postLoginForm(person, url)).status).toBe(200)

  const admin = await makeUsed('admin')
  const [known, deleted, disabled] = [await makeUsed('read'), await makeUsed('read'), await makeUsed('read')]
  expect((await call(admin, { method: 'DELETE', path: `/api-keys/${deleted.id}` })).status).toBe(200)
  const off = { method: 'PATCH', path: `/api-keys/${disabled.id}`, body: { disabled: true } }
  expect((await call(admin, off)).status).toBe(200)
  expect((await call(deleted)).code).toBe('revoked_api_key')
  expect((await call(disabled)).code).toBe('disabled_api_key')
  // The code of a page or route is loaded at its first use, which takes longer.
  for (const path of ['/settings/api-keys', '/account']) expect((await page(path)).status).toBe(200)
  for (const path of ['/agents', '/api-keys']) await call(admin, { method: 'POST', path, body: {} })

  return {
    organizationId,
    admin,
    known,
    deleted,
    disabled,
    counted,
    call,
    page,
    async signIn() {
      const stranger = await browser()
      const answer = await postLoginForm(stranger, url)
      await stranger.dispose()
      return answer
    },
    async hasCookie() {
      const { cookies } = await person.storageState()
      return cookies.some(({ name, value }) => name === 'twig_session' && value !== '')
    },
    async prepare() {
      const [unknown, limiter, spareLimiter, victim] = await Promise.all([
        make('read'),
        makeUsed('write'),
        makeUsed('write'),
        makeUsed('read'),
      ])
      await Promise.all([call(known), call(admin)])
      return { unknown, limiter, spareLimiter, victim }
    },
    close: () => person.dispose(),
  }
}

/** Tries again until it is so, or the time (in Unix milliseconds) has come; returns whether it is so. */
export async function isSoBy(deadlineMs: number, holds: () => Promise<boolean>): Promise<boolean> {
  for (;;) {
    if (await holds()) return true
    if (Date.now() > deadlineMs) return false
    await sleep(100)
  }
}

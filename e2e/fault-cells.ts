import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OutageCase, type Outcome, outageTable } from '../lib/core/outages'
import { type Answer, type Callers, type FaultKeys, isSoBy, type Key } from './fault-callers'
import type { OpenForms } from './fault-forms'
import type { World } from './fault-world'

/** A column of the table of outages; null where both answer. */
export type Away = 'redis' | 'postgres' | 'both' | null

/** What a cell is tried with. */
export interface Scene {
  world: World
  callers: Callers
  keys: FaultKeys
  /** The forms that a browser has open, where one is part of it; then the operator sets a plan, too. */
  forms: OpenForms | null
  fault: string
  away: Away
  isSecondTry: boolean
}

/** What was seen: an outcome of the table, or words for something that is none; and the answers it was seen by. */
export interface Sight {
  outcome: Outcome | string
  answers: Answer[]
  /** What is wrong besides. */
  wrong: string[]
  /** What the first of two tries had shown. */
  before?: string
}

/** Within which every request is answered; longer in proportion on a machine that is busy with other things as well. */
const ANSWER_MS = 2_000
const loadFactor = () => Math.max(1, (loadavg()[0] ?? 0) / (2 * availableParallelism()))
/** Within which usage is in Postgres, or on disk where that is away. */
const COUNT_MS = 4_000
/** From the end of a fault, without a restart, until everything works; */
export const RECOVERY_MS = 5_000
/** and until what was kept on disk is counted: it is tried every two seconds, and may just have been kept. */
const CAUGHT_UP_MS = 10_000

function isDegraded({ headers }: Answer): boolean {
  return headers['x-ratelimit-mode'] === 'degraded'
}

/** The outcome that an answer shows; words where it is none of the table's. */
function outcomeOf(answer: Answer): Outcome | string {
  const { status, code, headers } = answer
  const waits = Number(headers['retry-after']) >= 1 && headers['www-authenticate'] === undefined
  if (status >= 200 && status < 300) return isDegraded(answer) ? 'degraded' : 'works'
  if (status === 401 && headers['www-authenticate']?.includes('invalid_token')) return 'refused'
  if (status === 503 && waits && (code === '' || code === 'temporarily_unavailable')) return 'unavailable'
  if (status === 503 && waits && code === 'revocation_pending') return 'pending'
  return `${status} ${code}, Retry-After ${headers['retry-after']}`
}

/** Whether an answer takes the person's session cookie away. */
function signsOut({ setCookies }: Answer): boolean {
  return setCookies.some((cookie) => /^twig_session=(?:;|$|.*(?:Max-Age=0|1970))/i.test(cookie))
}

/** What is never right: too late, or signed out. */
function wrongOf(answers: Answer[]): string[] {
  return answers.flatMap((answer) => [
    ...(answer.ms > ANSWER_MS * loadFactor() ? ['too late'] : []),
    ...(signsOut(answer) ? ['takes the session cookie away'] : []),
  ])
}

function sight(answers: Answer[], outcomes: string[] = answers.map(outcomeOf)): Sight {
  return { outcome: [...new Set(outcomes)].join(' and '), answers, wrong: wrongOf(answers) }
}

/** What a key with the scope for it asks for; that its own limit may be a stand-in is another row. */
function outcomeOfWork(answer: Answer): string {
  return outcomeOf(answer).replace('degraded', 'works')
}

async function times(count: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  while (answers.length < count) answers.push(await ask())
  return answers
}

/** A key with one character changed, which its tag gives away. */
function mistyped({ id, key }: Key): Key {
  const at = key.length - 20
  return { id, key: key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1) }
}

async function tryLimits(scene: Scene): Promise<Sight> {
  const limiter = scene.isSecondTry ? scene.keys.spareLimiter : scene.keys.limiter
  // Refused by its form, so that it shows the limit whether or not Postgres would take it.
  const write = () => scene.callers.call(limiter, { method: 'POST', path: '/agents', body: {} })
  const first = await Promise.all(Array.from({ length: 10 }, write))
  const last = await write()
  const answers = [...first, last]
  const seen = sight(answers, [...answers.map((answer) => (isDegraded(answer) ? 'degraded' : 'works'))])
  const admitted = first.filter(({ status }) => status === 400).length
  if (admitted !== 10) seen.wrong.push(`${admitted} of 10 admitted`)
  if (last.status !== 429 || !(Number(last.headers['retry-after']) >= 1)) {
    seen.wrong.push(`the 11th is ${outcomeOf(last)}`)
  }
  return seen
}

/** The operator's command says whether the gate follows already. */
async function setPlan({ world, callers: { organizationId } }: Scene): Promise<string> {
  const { in_force: isInForce } = await world.operate('plan', 'set', '--org', organizationId, '--plan', 'pro')
  return isInForce === false ? 'pending' : 'works'
}

async function tryChanges(scene: Scene): Promise<Sight> {
  const { world, forms, away, keys } = scene
  const { admin, call } = scene.callers
  const path = (key: Key) => `/api-keys/${key.id}`
  const answers = await Promise.all([
    call(admin, { method: 'DELETE', path: path(keys.victim) }),
    call(admin, { method: 'PATCH', path: path(keys.limiter), body: { disabled: true } }),
  ])
  const plans = forms && away === 'redis' ? [await setPlan(scene)] : []
  const seen = sight(answers, [...answers.map(outcomeOfWork), ...plans])
  const uses = await Promise.all([call(keys.victim), call(keys.limiter)])
  seen.wrong.push(...wrongOf(uses))
  const codes = uses.map(({ code }) => code).join()
  if (seen.outcome === 'unavailable') {
    if (uses.some(({ status }) => status === 401)) seen.wrong.push('refused, and not changed')
  } else if (codes !== 'revoked_api_key,disabled_api_key') seen.wrong.push(`then ${uses.map(outcomeOf)}`)
  const notices = await outbox(world)
  if (notices !== (seen.outcome === 'pending' ? 2 + plans.length : 0)) seen.wrong.push(`${notices} notices`)
  return seen
}

async function watchUsage({ world, callers, away }: Scene): Promise<Sight> {
  let outcome = 'neither counted nor kept'
  await isSoBy(Date.now() + COUNT_MS, async () => {
    const isCounted = (await uncounted(world, callers)).length === 0
    if (isCounted || world.keptBatches() > 0) outcome = isCounted ? 'works' : 'kept'
    return outcome === expectedOf('usage', away)
  })
  return { outcome, answers: [], wrong: [] }
}

type Cell = (scene: Scene) => Promise<Sight>

const tries: Readonly<Record<OutageCase, Cell>> = {
  knownKey: async (scene) => sight(await times(3, () => scene.callers.call(scene.callers.known))),
  unknownKey: async (scene) => sight(await times(2, () => scene.callers.call(scene.keys.unknown))),
  async revokedKey(scene) {
    const { call, deleted, disabled } = scene.callers
    return sight([await call(deleted), await call(disabled)])
  },
  async forgedKey(scene) {
    const { call, known, deleted } = scene.callers
    return sight([await call(mistyped(known)), await call(mistyped(deleted))])
  },
  rateLimit: tryLimits,
  async page(scene) {
    const { page, hasCookie } = scene.callers
    const seen = sight(await Promise.all([page('/settings/api-keys'), page('/account')]))
    if (!(await hasCookie())) seen.wrong.push('the browser lost its cookie')
    return seen
  },
  async signIn(scene) {
    const { forms, callers } = scene
    const answers = await Promise.all([callers.signIn(), callers.signIn()])
    const sent = scene.isSecondTry || !forms ? [] : await forms.send()
    return sight(answers, [...answers.map(outcomeOf), ...sent])
  },
  async createKey(scene) {
    const { call, admin } = scene.callers
    const body = { name: `Made: ${scene.fault}`, scopes: ['read'], environment: 'live' }
    const answers = [await call(admin, { method: 'POST', path: '/api-keys', body })]
    return sight(answers, answers.map(outcomeOfWork))
  },
  revokeKey: tryChanges,
  usage: watchUsage,
}

/** Rows that change nothing. Where a stall of the machine made Twig take a part for away, they can be tried again. */
const repeatable: ReadonlySet<OutageCase> = new Set([
  'knownKey',
  'unknownKey',
  'revokedKey',
  'forgedKey',
  'rateLimit',
  'page',
  'signIn',
])
/** Whether a row can be tried again: so can a key be made where none is expected to be. */
function isRepeatable(row: OutageCase, away: Away): boolean {
  return repeatable.has(row) || (row === 'createKey' && expectedOf(row, away) === 'unavailable')
}

/** Longer than Twig leaves a part alone that was late. */
const AGAIN_MS = 1_500

/** The rows in an order in which none disturbs a later one. */
export const rows = Object.keys(tries) as OutageCase[]

/** What the table says of a row; where both answer, all works. */
export function expectedOf(row: OutageCase, away: Away): Outcome {
  if (away) return outageTable[row][away]
  return row === 'revokedKey' || row === 'forgedKey' ? 'refused' : 'works'
}

/** Whether it is what the table says, and nothing else is wrong. */
export function isRight({ outcome, wrong }: Sight, row: OutageCase, away: Away): boolean {
  return outcome === expectedOf(row, away) && wrong.length === 0
}

/** Tries a row of the table, where it can be a second time if the first shows something else. */
export async function tryRow(row: OutageCase, scene: Scene): Promise<Sight> {
  const first = await tries[row](scene)
  if (isRight(first, row, scene.away) || !isRepeatable(row, scene.away) || scene.isSecondTry) return first
  await sleep(AGAIN_MS)
  const second = await tries[row]({ ...scene, isSecondTry: true })
  return { ...second, before: [first.outcome, ...first.wrong].join(', ') }
}

/** Notices that Redis has not been told of. */
async function outbox({ query }: World): Promise<number> {
  const rows = await query('select 1 from cache_notices')
  return rows.length
}

/** Keys whose requests are not counted exactly, with both numbers. */
async function uncounted({ query }: World, { counted }: Callers): Promise<string[]> {
  const rows = await query<{ id: string; requests: number }>(
    'select key_id as id, sum(requests)::int as requests from usage_days group by key_id',
  )
  const held = new Map(rows.map(({ id, requests }) => [id, requests]))
  return [...counted].flatMap(([id, requests]) =>
    held.get(id) === requests ? [] : [`${id}: ${held.get(id) ?? 0} of ${requests}`],
  )
}

/** What was lost, or done although it was answered 503. */
async function lost({ world, keys, forms, fault, away }: Scene, callers: Callers): Promise<string[]> {
  const wrong: string[] = []
  const isChanged = expectedOf('revokeKey', away) !== 'unavailable'
  const uses = [
    await callers.call(keys.victim),
    await callers.call(keys.limiter),
    await callers.call(keys.unknown),
  ]
  const codes = isChanged ? 'revoked_api_key,disabled_api_key,' : ',,'
  if (uses.map(({ code }) => code).join() !== codes) wrong.push(`keys: ${uses.map(outcomeOf)}`)
  const signIn = await callers.signIn()
  if (outcomeOf(signIn) !== 'works') wrong.push(`signing in: ${outcomeOf(signIn)}`)
  if (!(await callers.hasCookie())) wrong.push('the browser lost its cookie')
  const made = await world.query(
    'select 1 from api_keys where name = $1 union all select 1 from users where email = $2',
    [`Made: ${fault}`, forms?.email ?? ''],
  )
  const isMade = expectedOf('createKey', away) === 'works'
  if (made.length !== (isMade ? (forms ? 2 : 1) : 0)) wrong.push(`${made.length} rows made`)
  return wrong
}

/** What is wrong after the fault although both answer again; tried for a while, then told. */
export async function lastingDamage(scene: Scene, endedMs: number): Promise<string[]> {
  const { world, callers } = scene
  let seen: string[] = []
  const isBack = async () => {
    const answers = await Promise.all([callers.call(callers.known), callers.page('/settings/api-keys')])
    seen = [...answers.map(outcomeOf), `${await outbox(world)} notices`]
    return seen.join() === 'works,works,0 notices'
  }
  const wrong = (await isSoBy(endedMs + RECOVERY_MS, isBack)) ? [] : [`not back: ${seen}`]
  wrong.push(...(await lost(scene, callers)))
  const isCounted = async () => (await uncounted(world, callers)).length === 0
  if (!(await isSoBy(endedMs + CAUGHT_UP_MS, isCounted)))
    wrong.push(`counted ${await uncounted(world, callers)}`)
  return wrong
}

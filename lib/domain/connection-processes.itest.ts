import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { CONNECTORS } from '../core/connectors'
import { setEnvironment } from '../env/testing/environment'
import { db, inTransaction, patiently } from '../store/db'
import { startCertifiedProvider } from '../store/testing/certified-provider'
import { beginConnection, beginReconnect, connectorRedirectUri } from './connection-flows'
import { freshAccessToken } from './connection-tokens'
import { finishConnection } from './connections'
import { getDataSource } from './data-sources'
import type { SyncPlace } from './remote-documents'
import { ahead, connectingWorld, HOUR_MS, input, MINUTE_MS, provider } from './testing/connecting'

const here = connectingWorld()

/** A process that asks for the token of a source, so many times, an hour from now; it is ready when this resolves. */
async function asker({ organizationId, dataSourceId }: SyncPlace, times: number) {
  const script = `${import.meta.dirname}/testing/ask-for-tokens.ts`
  const args = ['--import', 'tsx', script, organizationId, dataSourceId, String(times), String(HOUR_MS)]
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  if (!child.stdout) throw new Error('it says nothing')
  // A process that is gone already is seen by what it does not answer.
  child.stdin?.on('error', () => {})
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  await lines.next()
  return {
    child,
    go: () => child.stdin?.write('go\n'),
    answers: async () => JSON.parse(String((await lines.next()).value)) as string[],
  }
}

test('50 people with an ended token, in two processes: the provider is asked once', async () => {
  here.google.control.giveTokens({ rotates: true })
  const { place } = await here.connected(await here.person())
  const askers = await Promise.all([asker(place, 25), asker(place, 25)])
  here.google.control.forgetCalls()
  // Long enough for both to be there before the answer is.
  here.google.control.fail({ on: 'POST /token', status: 200, delayMs: 400, times: 1 })
  for (const { go } of askers) go()
  const answers = (await Promise.all(askers.map((one) => one.answers()))).flat()
  expect(answers).toHaveLength(50)
  expect([...new Set(answers)]).toEqual([expect.stringMatching(/^ya29\./)])
  expect(here.refreshes()).toBe(1)
  expect(here.google.control.reuses()).toBe(0)
}, 60_000)

describe('kill -9 between the provider’s answer and our commit', () => {
  /** Kills a process that has its answer and waits to write it down; what it sent to Postgres is undone. */
  async function killBeforeCommit(place: SyncPlace, connectionId: string) {
    const { child, go } = await asker(place, 1)
    here.google.control.forgetCalls()
    let answer = () => {}
    const until = new Promise<void>((resolve) => {
      answer = resolve
    })
    here.google.control.fail({ on: 'POST /token', status: 200, until, times: 1 })
    go()
    while (here.refreshes() === 0) await new Promise(setImmediate)
    await patiently(() =>
      inTransaction(async (tx) => {
        await tx.$queryRaw`select 1 from oauth_tokens where connection_id = ${connectionId} for update`
        answer()
        for (let waiting: { pid: number }[] = []; ; ) {
          // A transaction keeps what it saw first of others' statements.
          await tx.$executeRaw`select pg_stat_clear_snapshot()`
          waiting = await tx.$queryRaw`
            select pid from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%oauth_tokens%'`
          if (waiting.length === 0) continue
          child.kill('SIGKILL')
          await once(child, 'exit')
          await tx.$queryRaw`select pg_terminate_backend(${waiting[0]?.pid}::int)`
          return
        }
      }),
    )
  }

  test.each([
    ['that rotates ends in Connection failed, at worst, and reconnecting brings all back', true],
    ['that does not rotate costs nothing', false],
  ])(
    'of a provider %s',
    async (_, rotates) => {
      here.google.control.giveTokens({ rotates })
      const [person, own, neighbour] = [await here.person(), here.account(), await here.person()]
      const { id, place } = await here.connected(person, own)
      const other = await here.connected(neighbour)
      const { connectionId, version } = await here.tokenOf(id)
      await killBeforeCommit(place, connectionId)
      expect((await here.tokenOf(id)).version).toBe(version)
      expect((await getDataSource(person, { id })).connection).toMatchObject({ state: 'connected' })

      // When the lease is over, somebody else tries with the token that is there.
      const next = freshAccessToken(place, {}, ahead(HOUR_MS + MINUTE_MS))
      if (rotates) {
        await expect(next).rejects.toMatchObject({ kind: 'grant_refused', reason: 'invalid_grant' })
        const failed = await getDataSource(person, { id })
        expect(failed).toMatchObject({ name: 'Drive', status: 'connection_failed' })
        await finishConnection(person, here.back(await beginReconnect(person, { id }), own))
      } else {
        await next
      }
      expect((await getDataSource(person, { id })).connection).toMatchObject({ state: 'connected' })
      await freshAccessToken(place)
      await freshAccessToken(other.place)
      expect((await getDataSource(neighbour, other)).connection).toMatchObject({ state: 'connected' })
    },
    60_000,
  )
})

test('200 forced renewals at a certified provider that rotates and detects reuse: still connected', async () => {
  const scopes = CONNECTORS[provider].scopes.map(({ scope }) => scope)
  const certified = await startCertifiedProvider(connectorRedirectUri(provider), scopes, 120)
  setEnvironment(certified.env)
  try {
    const person = await here.person()
    const flow = await beginConnection(person, input)
    const callback = new URL(await certified.agree(flow.url, 'ada'))
    const { id } = await finishConnection(person, { provider, flowId: flow.id, state: flow.state, callback })
    const place = { organizationId: person.organizationId, dataSourceId: id }
    const omit = { sealedAccessToken: false, sealedRefreshToken: false } as const
    const first = await db().oauthToken.findFirstOrThrow({
      where: { connection: { dataSourceId: id } },
      omit,
    })
    const seen = new Set<string>()
    let { accessToken: refused } = await freshAccessToken(place)
    for (let turn = 0; turn < 200; turn++) {
      ;({ accessToken: refused } = await freshAccessToken(place, { refused }))
      seen.add(refused)
    }
    expect(seen.size).toBe(200)
    expect((await getDataSource(person, { id })).connection).toMatchObject({
      state: 'connected',
      account: { name: 'ada@example.com' },
    })
    // It does detect reuse: with the first refresh token again the grant is at its end.
    const { connectionId, sealedRefreshToken } = first
    await db().oauthToken.updateMany({ where: { connectionId }, data: { sealedRefreshToken } })
    await expect(freshAccessToken(place, { refused })).rejects.toMatchObject({ reason: 'invalid_grant' })
    expect(await getDataSource(person, { id })).toMatchObject({ status: 'connection_failed' })
  } finally {
    setEnvironment(here.google.env)
    await certified.close()
  }
}, 60_000)

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPostgresHome } from './postgres-home'
import { Problem } from './problem.mjs'
import { startedAgainAndElsewhere } from './restoration'
import { expectThat, type ServerUnderTest, startServerUnderTest, stopCleanly } from './server-under-test'

const WAIT_MS = 30_000

/** A guarantee about how Twig starts and ends, checked on a real one; throws Problem when it does not hold. */
interface LifecycleCheck {
  name: string
  run: (folder: string) => Promise<void>
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Problem(`It did not happen within 30 seconds that ${what}.`)
    await sleep(100)
  }
}

async function isAnswering({ url }: ServerUnderTest): Promise<boolean> {
  const response = await fetch(`${url}/healthz`).catch(() => undefined)
  return response?.status === 200
}

function postmaster({ dataDir }: ServerUnderTest): number {
  const { dataFolder } = findPostgresHome(dataDir, () => {})
  return Number.parseInt(readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8'), 10)
}

function workers({ pid }: ServerUnderTest): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  return list.split('\n').flatMap((line) => {
    const [child, parent] = line.trim().split(/\s+/, 2).map(Number)
    return parent === pid && line.includes('bootstrap.mjs') && child ? [child] : []
  })
}

async function crash(folder: string): Promise<void> {
  const server = await startServerUnderTest(folder, {})
  process.kill(postmaster(server), 'SIGKILL')
  const end = await server.gone
  expectThat(end === 'code 1', `It ended with ${end}, not with code 1.`)
  const lines = server.log().match(/^PostgreSQL ended unexpectedly .*$/gm) ?? []
  expectThat(lines.length === 1, `It did not say so in one line:\n${server.log()}`)
}

async function killed(folder: string): Promise<void> {
  const first = await startServerUnderTest(folder, {})
  process.kill(first.pid, 'SIGKILL')
  await first.gone
  const second = await startServerUnderTest(folder, {})
  expectThat(await isAnswering(second), 'It does not answer.')
  await stopCleanly(second)
}

async function severalProcesses(folder: string): Promise<void> {
  const server = await startServerUnderTest(folder, { WEB_CONCURRENCY: '2' })
  const [victim, ...others] = workers(server)
  expectThat(
    victim !== undefined && others.length === 1,
    'There were not two worker processes when it said ready.',
  )
  process.kill(victim ?? 0, 'SIGKILL')
  await until('another worker took its place', () =>
    workers(server).some((pid) => pid !== victim && !others.includes(pid)),
  )
  expectThat(
    server.log().includes(`Worker process ${victim} ended (SIGKILL)`),
    `It did not say so:\n${server.log()}`,
  )
  expectThat(await isAnswering(server), 'It does not answer.')
  await stopCleanly(server)
}

/** What is checked besides in `npm test`, on the data folder of the server that the browser tests used. */
export const lifecycleChecks: readonly LifecycleCheck[] = [
  {
    name: 'a second start makes nothing anew; a copy of the data folder is the same Twig: key, session, sealed key, audit log',
    run: startedAgainAndElsewhere,
  },
  { name: 'a crash of Postgres is told in a line and ends everything with code 1', run: crash },
  { name: 'after a kill -9 the next start works', run: killed },
  {
    name: 'of two processes one may die: it is told, replaced, and requests are answered',
    run: severalProcesses,
  },
]

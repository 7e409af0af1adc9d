import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { Agent, fetch, type RequestInit, type Response } from 'undici'
import { type ModelServer, startModelServer } from '../../lib/store/testing/model-server'
import { startNginx } from '../../server/nginx'
import { type PgBouncer, pgBouncerPath, startPgBouncer } from '../../server/pgbouncer'
import { selfSigned } from '../../server/self-signed'
import { settingsBeside } from '../fleet'
import { freePort, startTwig } from '../servers'

export type Machine = Awaited<ReturnType<typeof startTwig>>

/** Three Twigs behind nginx with the files of deploy/, two of them through PgBouncer where there is one. */
export interface Machines {
  /** nginx's address. */
  appUrl: string
  machines: Machine[]
  database: pg.Pool
  model: ModelServer
  /** A call of the API through nginx. */
  call(path: string, key: string, init?: RequestInit): Promise<Response>
  /** A request to one machine, as nginx hands it on. */
  callAt(machine: Machine, path: string, headers: Record<string, string>): Promise<Response>
  /** Ends the second or the third machine by a signal, and starts it again in its place. */
  restart(index: 1 | 2, signal: 'SIGINT' | 'SIGKILL'): Promise<void>
  close(): Promise<void>
}

const POOL_SIZE = 10
const FORWARDED = { 'X-Forwarded-For': '198.18.7.7', 'X-Forwarded-Proto': 'https' }

const portOf = (machine: Machine | undefined) => Number(new URL(machine?.url ?? '').port)

/** Starts all of it; the first machine's Postgres and Redis are everybody's. */
export async function openMachines(): Promise<Machines> {
  const folder = mkdtempSync(join(tmpdir(), 'twig-machines-'))
  const ports = { http: await freePort(), https: await freePort() }
  const appUrl = `https://localhost:${ports.https}`
  const model = await startModelServer({ slowMs: 300 })
  const common = {
    APP_URL: appUrl,
    TRUSTED_PROXY_HOPS: '1',
    TWIG_OPENAI_API_KEY: 'sk-pool-0123456789abcdef',
    OPENAI_BASE_URL: `${model.url}/v1`,
  }
  const first = await startTwig(common)
  const { shared } = settingsBeside(first)
  const direct: string = shared.DATABASE_URL
  const pooler: PgBouncer | undefined = pgBouncerPath
    ? await startPgBouncer({ databaseUrl: direct, poolSize: POOL_SIZE })
    : undefined
  const settings: Record<string, string> = {
    ...common,
    ...shared,
    ...(pooler && { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct }),
  }
  const machines = [first, ...(await Promise.all([startTwig(settings), startTwig(settings)]))]
  const database = new pg.Pool({ connectionString: direct, max: 2 })
  const { cert: certificate, key } = selfSigned()
  const twig = [portOf(machines[0]), portOf(machines[1]), portOf(machines[2])] as const
  const stopNginx = await startNginx({ folder, ports: { ...ports, twig }, certificate, key })
  // nginx's certificate is nobody's.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
  return {
    appUrl,
    machines,
    database,
    model,
    call(path, key, init = {}) {
      const json = typeof init.body === 'string' ? { 'Content-Type': 'application/json' } : {}
      const headers = { Authorization: `Bearer ${key}`, ...json }
      return fetch(`${appUrl}/api/v1${path}`, { ...init, headers, dispatcher })
    },
    // On connections of their own: those to a machine that was restarted are no good.
    callAt: ({ url }, path, headers) =>
      fetch(`${url}${path}`, { headers: { ...FORWARDED, ...headers, Connection: 'close' } }),
    async restart(index, signal) {
      const before = machines[index]
      before?.signal(signal)
      await before?.close({ keepData: true })
      machines[index] = await startTwig(settings, before)
    },
    async close() {
      await stopNginx()
      await database.end()
      for (const machine of machines.toReversed()) await machine.close()
      await pooler?.close()
      await model.close()
      await dispatcher.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

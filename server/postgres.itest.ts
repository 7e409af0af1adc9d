import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from './configuration'
import { processStart } from './lock.mjs'
import { type EmbeddedPostgres, postgresUrl, startPostgres } from './postgres'

const PASSWORD = 'a password of the test'

let dataDir: string
let crashes: string[]
let running: EmbeddedPostgres | undefined

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig postgres '))
  crashes = []
})
afterEach(async () => {
  await running?.close()
  running = undefined
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(): Promise<EmbeddedPostgres> {
  const onCrash = (sentence: string) => void crashes.push(sentence)
  running = await startPostgres({ dataDir, password: PASSWORD, say: () => {}, onCrash })
  return running
}

async function query(connectionString: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => {})
  await client.connect()
  const result = await client.query(text).finally(() => client.end())
  return result.rows
}

function postmaster(): number {
  return Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!condition() && Date.now() < deadline) await sleep(50)
  expect(condition()).toBe(true)
}

/** Starts Postgres from a process of its own, which can be killed. */
async function startElsewhere() {
  const script = `
    const { startPostgres } = await import('./server/postgres.ts')
    const options = { dataDir: process.argv[1], password: process.argv[2], say: () => {}, onCrash: () => {} }
    await startPostgres(options)
    process.stdout.write('up')
    setInterval(() => {}, 1000)`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, dataDir, PASSWORD]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child
}

test('it keeps its data over a restart, in UTF-8, in a folder with a space in its name', async () => {
  const first = await start()
  await query(first.url, `create table kept (word text); insert into kept values ('Ünïcödé 𝄞')`)
  await first.close()
  const second = await start()
  expect(await query(second.url, 'select word from kept')).toEqual([{ word: 'Ünïcödé 𝄞' }])
  expect(crashes).toEqual([])
})

test('it listens on loopback alone, by no socket file, and asks for the password', async () => {
  const { port } = await start()
  const url = postgresUrl(port, PASSWORD)
  expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
  expect(await query(url, 'show unix_socket_directories')).toEqual([{ unix_socket_directories: '' }])
  await expect(query(postgresUrl(port, 'another'), 'select 1')).rejects.toThrow(
    /password authentication failed/,
  )
})

test('a database that was made with another password is named, not overwritten', async () => {
  const { close } = await start()
  await close()
  const attempt = startPostgres({ dataDir, password: 'another', say: () => {}, onCrash: () => {} })
  await expect(attempt).rejects.toThrow(/does not belong to the secrets.json beside it/)
})

test('what an interrupted first start left is cleared away', async () => {
  const half = join(dataDir, 'postgres.new-0123')
  mkdirSync(join(half, 'cluster'), { recursive: true })
  writeFileSync(join(half, 'cluster/PG_VERSION'), '18\n')
  await start()
  expect(readdirSync(dataDir)).toEqual(['postgres'])
})

test('a folder that holds something else is left alone', async () => {
  mkdirSync(join(dataDir, 'postgres'))
  writeFileSync(join(dataDir, 'postgres/letter.txt'), 'dear')
  await expect(start()).rejects.toThrow(/is not empty and not a PostgreSQL database/)
  expect(readFileSync(join(dataDir, 'postgres/letter.txt'), 'utf8')).toBe('dear')
})

test('a data folder that was restored without its database, which lay elsewhere, is not given an empty one', async () => {
  const elsewhere = join(dataDir, 'elsewhere')
  const record = { dataDir: '/gone', postgres: join(elsewhere, 'postgres') }
  writeFileSync(join(dataDir, 'postgres.location'), JSON.stringify(record))
  await expect(start()).rejects.toThrow(/which is not there\. Restore .*elsewhere from the backup as well/)
  expect(existsSync(elsewhere)).toBe(false)
})

test('its crash is told in one line', async () => {
  await start()
  process.kill(postmaster(), 'SIGKILL')
  await until(() => crashes.length > 0)
  expect(crashes).toHaveLength(1)
  expect(crashes[0]).toMatch(/^PostgreSQL ended unexpectedly \(signal SIGKILL\)[^\n]*$/)
})

test('it does not outlive a process that is killed', async () => {
  const owner = await startElsewhere()
  const pid = postmaster()
  owner.kill('SIGKILL')
  await until(() => processStart(pid) === undefined)
})

test('one that did outlive its process is ended by the next start, which has its data', async () => {
  const owner = await startElsewhere()
  const pid = postmaster()
  const list = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' })
  const watcher = list.split('\n').find((line) => line.includes(`kill -INT "$0" ${pid}`))
  process.kill(Number.parseInt(watcher ?? '', 10), 'SIGKILL')
  owner.kill('SIGKILL')
  await until(() => owner.signalCode !== null)
  expect(processStart(pid)).toBeDefined()
  const { url } = await start()
  expect(processStart(pid)).toBeUndefined()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('a postmaster.pid that names an unrelated process is not believed', async () => {
  const { close } = await start()
  await close()
  const file = join(dataDir, 'postgres/postmaster.pid')
  writeFileSync(file, `${process.pid}\n${join(dataDir, 'postgres')}\n`)
  const { url } = await start()
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
})

test('ending it leaves no process and no lock behind', async () => {
  const { close } = await start()
  const pid = postmaster()
  await close()
  running = undefined
  expect(processStart(pid)).toBeUndefined()
  expect(existsSync(join(dataDir, 'postgres/postmaster.pid'))).toBe(false)
})

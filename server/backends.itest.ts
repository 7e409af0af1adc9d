import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from '@upstash/redis'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { validateEnv } from '../lib/env/node'
import { type Backends, startBackends } from './backends'
import { root } from './configuration'
import { neutralEnvironment } from './server-under-test'

let dataDir: string
const open: Backends[] = []

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig backends '))
})
afterEach(async () => {
  for (const backends of open.splice(0).reverse()) await backends.close()
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(role: 'server' | 'command', more: Record<string, string> = {}): Promise<Backends> {
  const checked = validateEnv({ TWIG_DATA_DIR: dataDir, PORT: '4567', ...more })
  if (!checked.ok) throw new Error(checked.problems.join())
  const backends = await startBackends({ env: checked.value, role, say: () => {}, onCrash: () => {} })
  open.push(backends)
  return backends
}

function redis({ redisUrl, redisToken }: Backends): Redis {
  return new Redis({ url: redisUrl, token: redisToken, enableTelemetry: false })
}

test('a command uses the database and Redis of the running server', async () => {
  const server = await start('server')
  await redis(server).set('seen', 'by both')
  const command = await start('command')
  expect(command).toMatchObject({
    isAttached: true,
    databaseUrl: server.databaseUrl,
    redisUrl: server.redisUrl,
  })
  expect(await redis(command).get('seen')).toBe('by both')
  await command.close()
  expect(await redis(server).get('seen')).toBe('by both')
})

test('a command without a server brings its own and leaves only data behind', async () => {
  const command = await start('command')
  expect(command.isAttached).toBe(false)
  expect(await redis(command).ping()).toBe('PONG')
  await command.close()
  expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'secrets.json'])
})

test('a second server on the data folder is refused, naming the first one’s process and port', async () => {
  await start('server')
  await expect(start('server')).rejects.toThrow(new RegExp(`process ${process.pid} on port 4567`))
})

test('where the backends are can be read by this user alone', async () => {
  await start('server')
  expect(statSync(join(dataDir, 'run.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600)
})

test('a server waits for a command that has the data folder for a moment', async () => {
  const command = await start('command')
  const server = start('server')
  await command.close()
  expect((await server).isAttached).toBe(false)
})

test('what a killed server left behind stops nobody', async () => {
  const script = `
    const { startBackends } = await import('./server/backends.ts')
    const { validateEnv } = await import('./lib/env/node.ts')
    const { value: env } = validateEnv({ TWIG_DATA_DIR: process.argv[1] })
    await startBackends({ env, role: 'server', say: () => {}, onCrash: () => {} })
    process.stdout.write('up')`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script, dataDir]
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
  expect(existsSync(join(dataDir, 'run.json'))).toBe(true)
  expect((await start('command')).isAttached).toBe(false)
})

test('with a database and a Redis of one’s own the data folder stays untouched', async () => {
  const secret = 'Zr8mW1xYp6uBn4qK3vT9acceptance42'
  const backends = await start('server', {
    DATABASE_URL: 'postgresql://db.example/twig',
    UPSTASH_REDIS_REST_URL: 'https://redis.example',
    UPSTASH_REDIS_REST_TOKEN: 'token',
    TWIG_SESSION_SECRET: secret,
    TWIG_KEY_PEPPER: secret,
    TWIG_GATEWAY_SECRET: secret,
    TWIG_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
  })
  expect(backends).toMatchObject({
    databaseUrl: 'postgresql://db.example/twig',
    redisUrl: 'https://redis.example',
  })
  expect(readdirSync(dataDir)).toEqual([])
})

/** What `npm start` says and how it ends, where it ends by itself. */
function runStart(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'server/bootstrap.mjs'), 'start'], {
      env: { ...neutralEnvironment(), TWIG_DATA_DIR: dataDir, ...env },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    child.on('close', (code) => resolve({ code, output }))
  })
}

test('a used port ends the start with a sentence that names it, before anything is started', async () => {
  const other = createServer().listen(0)
  const address = other.address()
  const port = address && typeof address === 'object' ? address.port : 0
  const { code, output } = await runStart({ PORT: String(port) })
  other.close()
  expect(code).toBe(1)
  expect(output).toMatch(new RegExp(`^Port ${port} is in use.*\\n$`, 'm'))
  expect(existsSync(join(dataDir, 'postgres'))).toBe(false)
})

test('with a database of one’s own, absent and default secrets end the start with one message that lists all', async () => {
  const { code, output } = await runStart({
    DATABASE_URL: 'postgresql://localhost/twig',
    TWIG_KEY_PEPPER: 'changeme-changeme-changeme-changeme',
  })
  expect(code).toBe(1)
  for (const name of [
    'TWIG_SESSION_SECRET',
    'TWIG_KEY_PEPPER',
    'TWIG_GATEWAY_SECRET',
    'TWIG_ENCRYPTION_KEYS',
  ]) {
    expect(output).toContain(`- ${name} is `)
  }
  expect(output).not.toMatch(/\n\s+at /)
  expect(existsSync(join(dataDir, 'secrets.json'))).toBe(false)
})

test('what is in the run file is what the server has', async () => {
  const server = await start('server')
  const facts = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8'))
  expect(facts).toMatchObject({
    pid: process.pid,
    role: 'server',
    port: 4567,
    redis: { url: server.redisUrl },
  })
})

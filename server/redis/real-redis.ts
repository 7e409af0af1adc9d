import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where an ordinary redis-server or valkey-server lies on PATH; undefined when there is none. */
export const realRedisPath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => [join(folder, 'redis-server'), join(folder, 'valkey-server')])
  .find((path) => existsSync(path))

/** Its version, such as `7.0.15`; undefined when there is none. */
export function realRedisVersion(): string | undefined {
  if (!realRedisPath) return undefined
  const { stdout } = spawnSync(realRedisPath, ['--version'], { encoding: 'utf8' })
  return /v=([0-9.]+)/.exec(stdout)?.[1]
}

/** Says on stderr, in one line, which checks a machine without Redis leaves out. */
export function reportWithoutRedis(checks: string): void {
  if (!realRedisPath) process.stderr.write(`left out: ${checks} (no redis-server or valkey-server on PATH)\n`)
}

/** An ordinary Redis for tests: on the loopback address, nothing on disk. */
export class RealRedis {
  readonly url: string
  #process: ChildProcess | undefined

  private constructor(
    readonly port: number,
    readonly folder: string,
  ) {
    this.url = `redis://127.0.0.1:${port}`
  }

  /** Starts on a free port and resolves when it accepts connections. Rejects when there is no Redis on PATH. */
  static async start(): Promise<RealRedis> {
    const redis = new RealRedis(await freePort(), await mkdtemp(join(tmpdir(), 'twig-redis-')))
    await redis.resume()
    return redis
  }

  /** Starts it again on the same port, empty. */
  async resume(): Promise<void> {
    if (!realRedisPath) throw new Error('There is no redis-server on PATH')
    const settings = { port: this.port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: this.folder }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const child = spawn(realRedisPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    this.#process = child
    process.once('exit', () => child.kill('SIGKILL'))
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk) => {
        if (String(chunk).includes('Ready to accept')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error('redis-server ended before it was ready')))
    })
  }

  /** Kills it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (!child || child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Stops it from answering, its connections still open; `SIGCONT` lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(name)
  }

  /** Kills it for good and removes its folder. */
  async stop(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

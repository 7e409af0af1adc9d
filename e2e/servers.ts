import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')
const BOOTSTRAP = join(ROOT, 'server/bootstrap.mjs')

/** A loopback port that nobody uses at the moment. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (typeof address !== 'object' || !address) throw new Error('no port')
  return address.port
}

interface RunningTwig {
  url: string
  dataDir: string
  /** The operator's command line on its data; the document that `--json` prints. */
  twig(...args: string[]): Record<string, string>
  signal(name: NodeJS.Signals): void
  /** What it has printed, its log included. */
  output(): string
  close(options?: { keepData?: boolean }): Promise<void>
}

/**
 * An `npm start` of its own, on the build that is there.
 * @param before one that has ended, whose port and data folder it takes over; a new folder without it
 */
export async function startTwig(
  extra: Record<string, string>,
  before?: Pick<RunningTwig, 'url' | 'dataDir'>,
): Promise<RunningTwig> {
  const dataDir = before?.dataDir ?? mkdtempSync(join(tmpdir(), 'twig-e2e-'))
  const port = before ? Number(new URL(before.url).port) : await freePort()
  const env: NodeJS.ProcessEnv = { ...process.env }
  for (const name of Object.keys(env)) {
    if (/^(?:TWIG_|E2E_|DATABASE_|REDIS_URL|UPSTASH_|TRUSTED_)/.test(name)) delete env[name]
  }
  Object.assign(env, { PORT: String(port), TWIG_DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...extra })
  const child: ChildProcess = spawn(process.execPath, [BOOTSTRAP, 'start'], { cwd: ROOT, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  await said(child, 'Twig is ready')
  return {
    url: `http://localhost:${port}`,
    dataDir,
    twig: (...args) => {
      const output = execFileSync(process.execPath, [BOOTSTRAP, 'twig', ...args, '--json'], {
        cwd: ROOT,
        env,
      })
      return JSON.parse(output.toString())
    },
    signal: (name) => void child.kill(name),
    output: () => output,
    async close({ keepData = false } = {}) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGINT')
        await ended
      }
      if (!keepData) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Resolves when a process has printed a text, and rejects with all it said when it ends before. */
export function said(child: ChildProcess, text: string): Promise<void> {
  let output = ''
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes(text)) resolve()
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output}`)))
  })
}

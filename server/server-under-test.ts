import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { variables } from '../lib/env/variables'
import { root } from './configuration'
import { processStart } from './lock.mjs'
import { freePort } from './port'
import { Problem } from './problem.mjs'

const START_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 40_000

export interface ServerUnderTest {
  url: string
  pid: number
  dataDir: string
  /** Where what it says goes, on stdout and stderr. */
  logFile: string
  /** What it has said so far. */
  log: () => string
  /** How it ended, once it has. */
  gone: Promise<string>
  /** Ends it as Ctrl-C does. Returns what is wrong with the way it ended, or nothing. */
  stop: () => Promise<string | undefined>
}

/** This process's environment without anything that configures Twig; empty, so that a .env file has no say either. */
export function neutralEnvironment(): NodeJS.ProcessEnv {
  const empty = Object.fromEntries(Object.keys(variables.shape).map((name) => [name, '']))
  return { ...process.env, ...empty }
}

/** The numbers of all processes below one, as the system lists them now. */
function descendants(pid: number): number[] {
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = list.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const found: number[] = []
  for (let parents = [pid]; parents.length > 0; ) {
    parents = pairs.flatMap(([child = 0, parent = 0]) => (parents.includes(parent) ? [child] : []))
    found.push(...parents)
  }
  return found
}

async function untilReady(child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!/^Twig is ready: /m.test(log())) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Problem(`The server under test did not become ready:\n${log()}`)
    }
    await sleep(100)
  }
}

/**
 * Starts Twig as `npm start` does, on a port and a data folder of its own.
 * @param folder where its data and its log go
 * @param settings variables of its environment
 * @throws Problem with its log when it does not become ready
 */
export async function startServerUnderTest(
  folder: string,
  settings: Record<string, string>,
): Promise<ServerUnderTest> {
  const port = await freePort()
  const dataDir = join(folder, 'data')
  const logFile = join(folder, 'server.log')
  const output = openSync(logFile, 'w')
  const log = () => readFileSync(logFile, 'utf8')
  const child = spawn(process.execPath, [join(root, 'server/bootstrap.mjs'), 'start'], {
    cwd: root,
    env: { ...neutralEnvironment(), PORT: String(port), TWIG_DATA_DIR: dataDir, ...settings },
    stdio: ['ignore', output, output],
  })
  const gone = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  closeSync(output)
  await untilReady(child, log)
  const stop = async () => {
    const below = descendants(child.pid ?? 0)
    child.kill('SIGINT')
    const end = await Promise.race([gone, sleep(STOP_TIMEOUT_MS, 'no end within 40 seconds', { ref: false })])
    const left = below.filter((pid) => processStart(pid) !== undefined)
    if (end !== 'code 0') {
      child.kill('SIGKILL')
      return `It ended with ${end}`
    }
    return left.length === 0 ? undefined : `It left ${left.length} process(es) behind`
  }
  return { url: `http://localhost:${port}`, pid: child.pid ?? 0, dataDir, logFile, log, gone, stop }
}

/** Ends it as Ctrl-C does; throws Problem with its log when it does not end cleanly. */
export async function stopCleanly(server: ServerUnderTest): Promise<void> {
  const wrong = await server.stop()
  if (wrong) throw new Problem(`${wrong}. Its log:\n${server.log().slice(-4_000)}`)
}

/** Throws Problem with `otherwise` where something does not hold. */
export function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Problem(otherwise)
}

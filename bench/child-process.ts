import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export interface StartedProcess {
  child: ChildProcess
  /** What it said when it was ready. */
  ready: unknown
  close: () => Promise<void>
}

const LOADER = import.meta.resolve('tsx/esm')

/**
 * Starts a module of the benchmark in a process of its own and waits for its first message. It ends when this process
 * does, or when it is closed.
 * @param file beside this one, such as `./load/process.ts`
 * @throws Error when it ends before
 */
export async function startProcess(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<StartedProcess> {
  const child = fork(new URL(file, import.meta.url), args, {
    execArgv: ['--import', LOADER],
    env: { ...process.env, ...env },
    // Numbers by the ten thousand come back as typed arrays.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  const [ready] = await Promise.race([
    once(child, 'message'),
    gone.then(([code]) => Promise.reject(new Error(`${file} ended with ${code} before it was ready`))),
  ])
  const close = async () => {
    if (child.connected) child.disconnect()
    await gone
  }
  return { child, ready, close }
}

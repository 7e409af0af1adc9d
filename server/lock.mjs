import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 200

export function processStart(pid) {
  if (!Number.isInteger(pid) || pid < 1) return undefined
  try {
    if (process.platform === 'linux') {
      // Field 22 counted after the command, which stands in brackets and may itself hold spaces and brackets.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' ? undefined : fields[19]
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
  } catch {
    return undefined
  }
}

function isAlive(holder) {
  return processStart(holder.pid) === holder.started
}

function read(path) {
  try {
    const text = readFileSync(path, 'utf8')
    const { pid, started } = JSON.parse(text)
    return { text, holder: { pid, started } }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    return { text: '', holder: { pid: 0, started: '' } }
  }
}

// Renaming first makes sure that of two processes that found the same stale file only one removes it; whoever caught a
// fresh one by then puts it back.
function removeStale(path, text) {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(path, aside)
    if ((read(aside)?.text ?? '') !== text) linkSync(aside, path)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

export function tryLock(path) {
  mkdirSync(dirname(path), { recursive: true })
  const mine = JSON.stringify({ pid: process.pid, started: processStart(process.pid) ?? '' })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, mine, { mode: 0o600, flag: 'wx' })
  try {
    for (;;) {
      try {
        linkSync(draft, path)
        return { release: () => read(path)?.text === mine && rmSync(path, { force: true }) }
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
      const found = read(path)
      if (found && isAlive(found.holder)) return { holder: found.holder }
      if (found) removeStale(path, found.text)
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

export async function withLock(path, work, onWait) {
  let lock = tryLock(path)
  if ('holder' in lock) onWait?.(lock.holder)
  while ('holder' in lock) {
    await sleep(POLL_MS)
    lock = tryLock(path)
  }
  try {
    return await work()
  } finally {
    lock.release()
  }
}

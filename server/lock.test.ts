import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processStart, tryLock, withLock } from './lock.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twig lock '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, 'sub', 'a.lock')

function take() {
  const lock = tryLock(file())
  if ('holder' in lock) throw new Error('the lock is held')
  return lock
}

test('a lock has one holder, whom it names, until it lets go', () => {
  const lock = take()
  expect(tryLock(file())).toEqual({ holder: { pid: process.pid, started: processStart(process.pid) } })
  lock.release()
  take().release()
  expect(readdirSync(join(folder, 'sub'))).toEqual([])
})

test('the lock of a process that died is taken over', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const dead = { pid: child.pid ?? 0, started: processStart(child.pid ?? 0) }
  take().release()
  writeFileSync(file(), JSON.stringify(dead))
  expect(tryLock(file())).toEqual({ holder: dead })
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
  take().release()
})

test('the lock of an earlier process with the same number is taken over', () => {
  take().release()
  writeFileSync(file(), JSON.stringify({ pid: process.pid, started: 'long ago' }))
  take().release()
})

test('a damaged lock file stops nobody', () => {
  take().release()
  writeFileSync(file(), '{"pid":')
  take().release()
})

test('whoever lost a lock does not remove that of the next', () => {
  const first = take()
  rmSync(file())
  writeFileSync(file(), JSON.stringify({ pid: 1, started: processStart(1) }))
  first.release()
  expect(existsSync(file())).toBe(true)
})

test('work under one lock never overlaps, and the wait is announced once', async () => {
  let inside = 0
  let most = 0
  let waits = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside -= 1
  }
  const onWait = () => {
    waits += 1
  }
  await Promise.all([1, 2, 3].map(() => withLock(file(), work, onWait)))
  expect({ most, waits }).toEqual({ most: 1, waits: 2 })
})

test('a failure lets go of the lock', async () => {
  await expect(withLock(file(), async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  take().release()
})

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { listSpooled, readSpooled, removeSpooled, setAside, spool } from './spool'

let dataDir = ''
const folder = () => join(dataDir, 'usage-spool')

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig-spool-'))
  setEnvironment({ TWIG_DATA_DIR: dataDir })
  // Counts anew what the folder holds.
  await listSpooled()
})
afterEach(() => {
  restoreEnvironment()
  rmSync(dataDir, { recursive: true, force: true })
})

test('a text is kept until it is removed, and only this user can read it', async () => {
  expect(await listSpooled()).toEqual([])
  expect(await spool('batch_b', '{"b":"😀"}')).toBe(true)
  expect(await spool('batch_a', '{}')).toBe(true)
  expect(statSync(folder()).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder(), 'batch_a.json')).mode & 0o777).toBe(0o600)
  expect(await listSpooled()).toEqual(['batch_a', 'batch_b'])
  expect(await readSpooled('batch_b')).toBe('{"b":"😀"}')
  await removeSpooled('batch_b')
  await removeSpooled('batch_b')
  expect(await readSpooled('batch_b')).toBeNull()
  expect(await listSpooled()).toEqual(['batch_a'])
})

test('what is put aside stays there under another name and is listed no more', async () => {
  await spool('batch_a', 'nonsense')
  await setAside('batch_a')
  await setAside('batch_a')
  expect(await listSpooled()).toEqual([])
  expect(readFileSync(join(folder(), 'batch_a.rejected'), 'utf8')).toBe('nonsense')
})

test('a full folder takes no more, and does again when there is room', async () => {
  mkdirSync(folder())
  const huge = join(folder(), 'batch_huge.json')
  writeFileSync(huge, '')
  truncateSync(huge, 200 * 1024 * 1024 - 5)
  expect(await spool('batch_a', '12345')).toBe(true)
  expect(await spool('batch_b', '6')).toBe(false)
  expect(readdirSync(folder()).sort()).toEqual(['batch_a.json', 'batch_huge.json'])
  await removeSpooled('batch_huge')
  await listSpooled()
  expect(await spool('batch_b', '6')).toBe(true)
})

test('a file that another process is writing is left alone, one that nobody has finished for an hour is removed', async () => {
  await spool('batch_a', '1')
  const [fresh, stale] = [join(folder(), 'batch_b.1.tmp'), join(folder(), 'batch_c.2.tmp')]
  for (const path of [fresh, stale]) writeFileSync(path, 'half')
  const longAgo = Date.now() / 1000 - 2 * 3600
  utimesSync(stale, longAgo, longAgo)
  expect(await listSpooled()).toEqual(['batch_a'])
  expect(readdirSync(folder()).sort()).toEqual(['batch_a.json', 'batch_b.1.tmp'])
})

test('a disk that cannot be written to is told, and leaves nothing half done', async () => {
  setEnvironment({ TWIG_DATA_DIR: '/dev/null' })
  await expect(spool('batch_a', '1')).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test('the folder may be listed while texts are being kept: each is kept, none is called lost', async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `batch_${String(i).padStart(2, '0')}`)
  const kept = ids.map((id) => spool(id, '1'))
  for (let i = 0; i < 20; i++) await listSpooled()
  expect(await Promise.all(kept)).toEqual(ids.map(() => true))
  expect(await listSpooled()).toEqual(ids)
})

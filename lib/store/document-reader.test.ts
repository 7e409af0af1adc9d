import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { DocumentReader, ReaderFailure, type ReaderLimits } from './document-reader'
import { flateBomb, nestedFlateBomb, pdfOfPages, textBomb } from './testing/pdf-files'

const MIB = 1024 * 1024
const open: DocumentReader[] = []

afterEach(() => {
  for (const reader of open.splice(0)) reader.close()
})

function make(limits: ReaderLimits = {}): DocumentReader {
  const reader = new DocumentReader(limits)
  open.push(reader)
  return reader
}

const csv = (text: string) => ({ bytes: new Uint8Array(Buffer.from(text)), mediaType: 'text/csv' }) as const
const pdf = (bytes: Uint8Array) => ({ bytes, mediaType: 'application/pdf' }) as const

/** Resident memory of a process in MiB; 0 when it is gone. Read, since asking ps 50 times a second would slow all else down. */
function residentMib(pid: number | undefined): number {
  if (pid === undefined) return 0
  try {
    const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kib) / 1024
  } catch {
    return 0
  }
}

/** The most memory that a reader took while it did the work, and how long this process was ever held up. */
async function watched<T>(reader: DocumentReader, work: Promise<T>) {
  let [peakMib, longestMs, last] = [0, 0, performance.now()]
  const beat = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - last)
    peakMib = Math.max(peakMib, residentMib(reader.pid))
    last = performance.now()
  }, 20)
  const outcome = await work.catch((error: unknown) => error)
  clearInterval(beat)
  return { outcome, peakMib, longestMs }
}

test('a process of its own reads one document after another and stays for the next', async () => {
  const reader = make()
  expect(await reader.read(csv('Name\nAnna\n'))).toMatchObject({ passages: ['Name: Anna'] })
  const { pid } = reader
  expect(await reader.read(csv('Name\nBob\n'))).toMatchObject({ passages: ['Name: Bob'] })
  expect(reader.pid).toBe(pid)
})

test('it holds nothing of our environment', async () => {
  process.env.TWIG_CANARY = 'plover-quartz-mandolin'
  const reader = make()
  await reader.read(csv('Name\nAnna\n'))
  delete process.env.TWIG_CANARY
  const environment = readFileSync(`/proc/${reader.pid}/environ`, 'utf8')
  expect(environment).not.toContain('plover')
  expect(environment).not.toMatch(/DATABASE|SECRET|TWIG/)
})

test('two hundred pages are read within moderate memory', async () => {
  const page = Array.from(
    { length: 45 },
    (_, line) => `Line ${line}: the pump is primed before it is started.`,
  )
  const file = pdfOfPages(Array.from({ length: 200 }, (_, number) => [`Page ${number}`, ...page]))
  const reader = make()
  const { outcome, peakMib, longestMs } = await watched(reader, reader.read(pdf(file)))
  expect(outcome).toMatchObject({ pageCount: 200, language: 'en' })
  expect(peakMib).toBeLessThan(400)
  expect(longestMs).toBeLessThan(1_000)
})

describe('a document made to do harm', () => {
  test.each([
    ['a bomb of four gibibytes', () => flateBomb(4)],
    ['the same squeezed twice', () => nestedFlateBomb(4)],
  ])('%s is given up at the memory that it may take', async (_name, file) => {
    const reader = make()
    const { outcome, peakMib } = await watched(reader, reader.read(pdf(file())))
    expect(String(outcome)).toContain('takes too much memory')
    expect(peakMib).toBeLessThan(900)
    expect(await reader.read(csv('Name\nAnna\n'))).toMatchObject({ passages: ['Name: Anna'] })
  })

  test('is given up at the time that it may take', async () => {
    const reader = make({ timeMs: 1_500 })
    const started = performance.now()
    await expect(reader.read(pdf(textBomb()))).rejects.toThrow('takes too long')
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('leaves no process behind', async () => {
    const reader = make({ memoryBytes: 100 * MIB })
    const reading = reader.read(pdf(flateBomb(1)))
    const { pid } = reader
    await expect(reading).rejects.toThrow('memory')
    const deadline = Date.now() + 5_000
    while (residentMib(pid) > 0 && Date.now() < deadline) await sleep(20)
    expect(residentMib(pid)).toBe(0)
  })
})

test('a process that is killed fails the document for now, and the next one has a new one', async () => {
  const reader = make()
  const reading = reader.read(csv(`Name\n${'Anna\n'.repeat(100_000)}`))
  process.kill(reader.pid ?? 0, 'SIGKILL')
  await expect(reading).rejects.toBeInstanceOf(ReaderFailure)
  expect(await reader.read(csv('Name\nBob\n'))).toMatchObject({ passages: ['Name: Bob'] })
})

test('a process with nothing to read goes away', async () => {
  const reader = make({ idleMs: 50 })
  await reader.read(csv('Name\nAnna\n'))
  const deadline = Date.now() + 5_000
  while (reader.pid !== undefined && Date.now() < deadline) await sleep(20)
  expect(reader.pid).toBeUndefined()
})

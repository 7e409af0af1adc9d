import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeEnv } from '../env/node'

/** Bounds of the folder, so that an outage of days does not fill the disk. */
const BYTES_MAX = 200 * 1024 * 1024
const FILES_MAX = 50_000
/** A file that is this long unfinished belongs to a process that died. */
const UNFINISHED_MS = 3600_000

const SUFFIX = '.json'

function folder(): string {
  return join(nodeEnv().dataDir, 'usage-spool')
}

function fileOf(id: string): string {
  return join(folder(), id + SUFFIX)
}

/** Ids whose file can neither be removed nor moved; looked at no more. */
const hopeless = new Set<string>()

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ENOENT'
}

/** The names in the folder; none before it is made. */
async function names(): Promise<string[]> {
  return readdir(folder()).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
}

/** What the folder holds, as far as this process knows: counted once, then with what it adds itself. */
let occupied: { bytes: number; files: number } | undefined

async function measure(): Promise<{ bytes: number; files: number }> {
  const total = { bytes: 0, files: 0 }
  for (const name of await names()) {
    const size = await stat(join(folder(), name)).then(
      (file) => file.size,
      () => 0,
    )
    total.bytes += size
    total.files += 1
  }
  return total
}

/**
 * Keeps a text under an id until it is removed, readable by this user alone; it is there whole or not at all. `id` must be
 * a safe file name. Returns false when the folder is full (200 MiB or 50,000 files).
 */
export async function spool(id: string, text: string): Promise<boolean> {
  const before = occupied ?? (await measure())
  occupied ??= before
  const bytes = Buffer.byteLength(text)
  if (before.bytes + bytes > BYTES_MAX || before.files >= FILES_MAX) return false
  await mkdir(folder(), { recursive: true, mode: 0o700 })
  const draft = join(folder(), `${id}.${randomBytes(4).toString('hex')}.tmp`)
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' })
    await rename(draft, fileOf(id))
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
  // Whoever lists the folder meanwhile has it measured anew.
  if (occupied) occupied = { bytes: occupied.bytes + bytes, files: occupied.files + 1 }
  return true
}

/** The ids of all texts kept, of every process that shares the folder. Removes what dead processes left unfinished. */
export async function listSpooled(): Promise<string[]> {
  occupied = undefined
  const all = await names()
  for (const name of all.filter((name) => name.endsWith('.tmp'))) {
    const path = join(folder(), name)
    const changedMs = await stat(path).then(
      (file) => file.mtimeMs,
      () => Date.now(),
    )
    if (Date.now() - changedMs > UNFINISHED_MS) await rm(path, { force: true })
  }
  const ids = all.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
  return ids.filter((id) => !hopeless.has(id)).sort()
}

/** How many texts are kept, of every process that shares the folder. */
export async function countSpooled(): Promise<number> {
  return (await names()).filter((name) => name.endsWith(SUFFIX)).length
}

/** The text kept under an id; null when another process took it. */
export async function readSpooled(id: string): Promise<string | null> {
  return readFile(fileOf(id), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return null
    throw error
  })
}

/** Removes a text; one that is gone already is fine. */
export async function removeSpooled(id: string): Promise<void> {
  await rm(fileOf(id), { force: true }).catch(() => void hopeless.add(id))
}

/** Puts a text out of the way, beside the others and under another name, for a person to look at. */
export async function setAside(id: string): Promise<void> {
  await rename(fileOf(id), join(folder(), `${id}.rejected`)).catch((error: unknown) => {
    if (!isMissing(error)) hopeless.add(id)
  })
}

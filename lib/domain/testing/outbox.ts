import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nodeEnv } from '../../env/node'
import { backgroundSettled } from '../../store/background'

/** The mails of one kind kept for an address, oldest first. */
export async function mailsTo(address: string, kind: string): Promise<string[]> {
  await backgroundSettled()
  const folder = join(nodeEnv().dataDir, 'outbox')
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.includes(`-${kind}-`)).sort()
  const mails = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return mails.filter((mail) => mail.includes(`To: ${address}\n`))
}

/** The token in the link of the newest such mail; empty when there is none. */
export async function newestToken(address: string, kind: string): Promise<string> {
  const mail = (await mailsTo(address, kind)).at(-1) ?? ''
  return /\/(?:reset|invite|signup)\/(\w{32})\b/.exec(mail)?.[1] ?? ''
}

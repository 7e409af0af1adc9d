import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTransport, type Transporter } from 'nodemailer'
import { nodeEnv } from '../env/node'
import { backgroundSize, bareCause, inBackground } from './background'
import { log } from './log'
import { metrics } from './metrics'

/** One message. Neither `to` nor `subject` may hold a line break. */
export interface Mail {
  /** What it is about, for the log: `reset`, `invitation` … */
  kind: string
  to: string
  subject: string
  text: string
  html: string
  /** The address inside, where there is one. Without SMTP it is shown in the log (A9). */
  link?: string
}

const TIMEOUT_MS = 10_000
const RETRY_AFTER_MS = [1_000, 10_000, 60_000]
/** Beyond this many in flight a message goes to the outbox at once: a flood must not fill the memory. */
const MAX_PENDING = 200

let transport: { url: string; transporter: Transporter } | undefined

function transporterFor(url: string): Transporter {
  if (transport?.url !== url) {
    transport?.transporter.close()
    const options = { url, pool: true, maxConnections: 2 }
    const timeouts = { connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS }
    transport = { url, transporter: createTransport({ ...options, ...timeouts }) }
  }
  return transport.transporter
}

/** A header of one line, whatever was in the value. */
function header(name: string, value: string): string {
  return `${name}: ${value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')}`
}

/** Keeps the message as a file that only the operator can read; returns its name. */
async function writeToOutbox(mail: Mail): Promise<string> {
  const { dataDir, mailFrom } = nodeEnv()
  const folder = join(dataDir, 'outbox')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const now = new Date()
  const name = `${now.toISOString().replaceAll(/[:.]/g, '-')}-${mail.kind}-${randomBytes(4).toString('hex')}.eml`
  const head = [
    header('From', mailFrom),
    header('To', mail.to),
    header('Subject', mail.subject),
    `Date: ${now.toUTCString()}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
  ]
  await writeFile(join(folder, name), `${head.join('\n')}\n\n${mail.text}\n`, { mode: 0o600, flag: 'wx' })
  return name
}

/** Whether the server said that trying again is no use (RFC 5321 section 4.2.1). */
function isPermanent(error: unknown): boolean {
  const code = (error as { responseCode?: unknown } | null)?.responseCode
  return typeof code === 'number' && code >= 500
}

async function sendBySmtp(url: string, mail: Mail): Promise<void> {
  const { to, subject, text, html, kind } = mail
  for (const waitMs of [...RETRY_AFTER_MS, null]) {
    try {
      await transporterFor(url).sendMail({ from: nodeEnv().mailFrom, to, subject, text, html })
      metrics.mails.add('sent')
      return
    } catch (error) {
      const last = waitMs === null || isPermanent(error)
      log().warn({ mail: kind, cause: bareCause(error), last }, 'a mail could not be sent')
      if (last) break
      await sleep(waitMs, undefined, { ref: false })
    }
  }
  const file = await writeToOutbox(mail)
  metrics.mails.add('given_up')
  log().error({ mail: kind, file }, 'a mail was given up and kept in the outbox')
}

async function keep(mail: Mail): Promise<void> {
  const file = await writeToOutbox(mail)
  const about = mail.link ? { mail: mail.kind, file, link: mail.link } : { mail: mail.kind, file }
  metrics.mails.add('kept')
  log().warn(about, 'no SMTP_URL: a mail is in the outbox')
}

/** Whether messages leave by SMTP; else they stay in the outbox. */
export function sendsMail(): boolean {
  return nodeEnv().smtpUrl !== undefined
}

/**
 * Hands a message over and returns at once: neither its success nor its time may show in an answer. SMTP is tried four
 * times within about a minute; what fails for good, and everything where SMTP is not set, is kept in `<data>/outbox`.
 */
export function sendMail(mail: Mail): void {
  const { smtpUrl } = nodeEnv()
  const direct = smtpUrl !== undefined && backgroundSize() < MAX_PENDING
  inBackground(`mail: ${mail.kind}`, () => (direct ? sendBySmtp(smtpUrl, mail) : keep(mail)))
}

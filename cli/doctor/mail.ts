import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { StartEnv } from '../../lib/env/node'
import { bareCause } from '../../lib/store/background'
import { isLoopback } from './address'
import { type Finding, ok, problem, warning } from './finding'

const TIMEOUT_MS = 5_000

/** Mails that were not sent, and wait in the data folder. */
function waiting(dataDir: string): number {
  const outbox = join(dataDir, 'outbox')
  return existsSync(outbox) ? readdirSync(outbox).filter((name) => name.endsWith('.eml')).length : 0
}

/** Whether mails leave, or where they go instead. Signs in to the mail server and sends nothing. */
export async function checkMail(
  env: Pick<StartEnv, 'smtpUrl' | 'dataDir' | 'appUrl' | 'mailFrom'>,
): Promise<Finding[]> {
  const { smtpUrl, dataDir, appUrl } = env
  const number = waiting(dataDir)
  const outbox = `${join(dataDir, 'outbox')} (${number} now)`
  const isPrivate = isLoopback(new URL(appUrl).hostname)
  if (smtpUrl === undefined) {
    const detail = `SMTP_URL is not set: mails with links to reset and join are kept in ${outbox}.`
    return [isPrivate ? ok('mail', detail) : warning('mail', detail, 'Set SMTP_URL and MAIL_FROM.')]
  }
  const { host } = new URL(smtpUrl)
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  })
  try {
    await transport.verify()
  } catch (error) {
    const fix = 'Correct SMTP_URL, or start the mail server; until then mails are kept in the outbox.'
    return [problem('mail', `The mail server ${host} cannot be used (${bareCause(error)}).`, fix)]
  } finally {
    transport.close()
  }
  const kept = number === 0 ? '' : ` ${number} that could not be sent are kept in ${join(dataDir, 'outbox')}.`
  return [ok('mail', `The mail server ${host} answers.${kept}`)]
}

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from './background'
import { type Mail, sendMail } from './mail'
import { captureLog } from './testing/captured-log'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink'

const mail: Mail = {
  kind: 'reset',
  to: 'ada@mail.example',
  subject: 'Reset your Twig password',
  text: 'Choose a new one here:\n\nhttp://localhost:3000/reset/0123456789abcdefghijABCDEFGHIJ01',
  html: '<p>Choose a new one</p>',
  link: 'http://localhost:3000/reset/0123456789abcdefghijABCDEFGHIJ01',
}

let dataDir = ''
let captured: ReturnType<typeof captureLog>
const logged = () => captured.lines()
const outbox = () => readdirSync(join(dataDir, 'outbox'))

/** Takes every mail unless told otherwise, until the test is over. */
async function sink(recipientReply?: string): Promise<SmtpSink> {
  const started = await startSmtpSink(recipientReply)
  onTestFinished(() => started.close())
  setEnvironment({ SMTP_URL: started.url })
  return started
}

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig-mail-'))
  captured = captureLog()
  setEnvironment({ TWIG_DATA_DIR: dataDir, SMTP_URL: undefined, MAIL_FROM: 'Twig <twig@mail.example>' })
})
afterEach(async () => {
  await backgroundSettled()
  captured.end()
  restoreEnvironment()
  rmSync(dataDir, { recursive: true, force: true })
})

describe('sendMail without SMTP', () => {
  it('keeps the mail where only the operator can read it, and shows the link in the log', async () => {
    sendMail(mail)
    await backgroundSettled()
    const [file = ''] = outbox()
    const path = join(dataDir, 'outbox', file)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(dataDir, 'outbox')).mode & 0o777).toBe(0o700)
    expect(readFileSync(path, 'utf8')).toContain(`To: ada@mail.example\nSubject: Reset your Twig password\n`)
    expect(readFileSync(path, 'utf8')).toContain(`\n${mail.link}\n`)
    expect(logged()).toEqual([{ mail: 'reset', file, link: mail.link, msg: expect.any(String) }])
  })

  it('keeps every header on one line', async () => {
    sendMail({ ...mail, subject: 'Join Acme\r\nBcc: eve@evil.example\n\non Twig' })
    await backgroundSettled()
    const text = readFileSync(join(dataDir, 'outbox', outbox()[0] ?? ''), 'utf8')
    expect(text).toContain('\nSubject: Join Acme Bcc: eve@evil.example on Twig\nDate: ')
  })

  it('says so in the log when it cannot keep it, without the address, and throws nothing', async () => {
    setEnvironment({ TWIG_DATA_DIR: '/dev/null' })
    sendMail(mail)
    await backgroundSettled()
    expect(logged()).toMatchObject([{ what: 'mail: reset', cause: 'ENOTDIR' }])
    expect(captured.text()).not.toMatch(/ada@|reset\/0123/)
  })
})

describe('sendMail with SMTP', () => {
  it('sends it, and shows the link nowhere else', async () => {
    const { received } = await sink()
    sendMail(mail)
    await backgroundSettled()
    expect(received.map(({ to }) => to)).toEqual([mail.to])
    const [{ text = '' } = {}] = received
    expect(text).toContain('To: ada@mail.example')
    expect(text).toContain('From: Twig <twig@mail.example>')
    expect(text).toContain(mail.link)
    expect(captured.text()).toBe('')
    expect(() => outbox()).toThrow('ENOENT')
  })

  it('keeps what the server refuses for good in the outbox, and logs neither address nor link', async () => {
    const { received } = await sink('550 5.1.1 <ada@mail.example> no such user')
    sendMail(mail)
    await backgroundSettled()
    expect(received).toEqual([])
    expect(outbox()).toHaveLength(1)
    expect(logged()).toMatchObject([{ last: true }, { mail: 'reset', file: outbox()[0] }])
    expect(captured.text()).not.toMatch(/ada@|reset\/0123/)
  })

  it('goes to the server that is set now, not to one of before', async () => {
    const before = await sink()
    sendMail(mail)
    await backgroundSettled()
    const now = await sink()
    sendMail({ ...mail, to: 'grace@mail.example' })
    await backgroundSettled()
    expect(before.received.map(({ to }) => to)).toEqual([mail.to])
    expect(now.received.map(({ to }) => to)).toEqual(['grace@mail.example'])
  })
})

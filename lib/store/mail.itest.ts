import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeEnv } from '../env/node'
import { backgroundSettled } from './background'
import { type Mail, sendMail } from './mail'

const changed = vi.hoisted((): { env: Partial<NodeEnv> } => ({ env: {} }))
vi.mock('../env/node', async (original) => {
  const real = await original<typeof import('../env/node')>()
  return { ...real, nodeEnv: () => ({ ...real.nodeEnv(), ...changed.env }) }
})
const logged = vi.hoisted((): { lines: unknown[] } => ({ lines: [] }))
vi.mock('./log', () => {
  const note = (facts: object, message: string) => logged.lines.push({ ...facts, message })
  return { log: () => ({ warn: note, error: note, info: note }) }
})

const mail: Mail = {
  kind: 'reset',
  to: 'ada@mail.example',
  subject: 'Reset your Twig password',
  text: 'Choose a new one here:\n\nhttp://localhost:3000/reset/0123456789abcdefghijABCDEFGHIJ01',
  html: '<p>Choose a new one</p>',
  link: 'http://localhost:3000/reset/0123456789abcdefghijABCDEFGHIJ01',
}

let dataDir = ''
let server: Server | undefined
let received = ''

/** A mail server that takes everything, or refuses every recipient for good. */
function smtpServer(recipientReply: string): Promise<number> {
  const answer = (socket: Socket, line: string, inData: boolean): boolean => {
    if (inData) {
      received += `${line}\n`
      if (line !== '.') return true
      socket.write('250 kept\r\n')
      return false
    }
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'DATA') socket.write('354 go on\r\n')
    else if (verb === 'RCPT') socket.write(`${recipientReply}\r\n`)
    else socket.write(verb === 'EHLO' ? '250 mail.example\r\n' : '250 fine\r\n')
    return verb === 'DATA'
  }
  const started = createServer((socket) => {
    let inData = false
    let rest = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) inData = answer(socket, line, inData)
    })
    socket.write('220 mail.example ready\r\n')
  })
  server = started
  return new Promise((resolve) => {
    started.listen(0, '127.0.0.1', () => {
      const address = started.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

const outbox = () => readdirSync(join(dataDir, 'outbox'))

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'twig-mail-'))
  changed.env = { dataDir, smtpUrl: undefined, mailFrom: 'Twig <twig@mail.example>' }
  logged.lines = []
  received = ''
})
afterEach(async () => {
  await backgroundSettled()
  server?.close()
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
    expect(logged.lines).toEqual([{ mail: 'reset', file, link: mail.link, message: expect.any(String) }])
  })

  it('says so in the log when it cannot keep it, without the address, and throws nothing', async () => {
    changed.env = { ...changed.env, dataDir: '/dev/null' }
    sendMail(mail)
    await backgroundSettled()
    expect(logged.lines).toMatchObject([{ what: 'mail: reset', cause: 'ENOTDIR' }])
  })
})

describe('sendMail with SMTP', () => {
  it('sends it, and shows the link nowhere else', async () => {
    const port = await smtpServer('250 fine')
    changed.env = { ...changed.env, smtpUrl: `smtp://127.0.0.1:${port}?ignoreTLS=true` }
    sendMail(mail)
    await backgroundSettled()
    expect(received).toContain('To: ada@mail.example')
    expect(received).toContain('From: Twig <twig@mail.example>')
    expect(received).toContain(mail.link)
    expect(logged.lines).toEqual([])
    expect(() => outbox()).toThrow('ENOENT')
  })

  it('keeps what the server refuses for good in the outbox, and logs neither address nor link', async () => {
    const port = await smtpServer('550 5.1.1 <ada@mail.example> no such user')
    changed.env = { ...changed.env, smtpUrl: `smtp://127.0.0.1:${port}?ignoreTLS=true` }
    sendMail(mail)
    await backgroundSettled()
    expect(outbox()).toHaveLength(1)
    expect(JSON.stringify(logged.lines)).not.toMatch(/ada@|reset\/0123/)
  })
})

import { createServer, type Socket } from 'node:net'

/** A message as it arrived: whom the envelope names, and headers and bodies with transfer encoding undone. */
interface SunkMail {
  to: string
  text: string
}

/** A mail server on this machine that keeps what it is sent (RFC 5321, the part that a sender needs). */
export interface SmtpSink {
  /** For SMTP_URL. */
  url: string
  received: SunkMail[]
  close: () => Promise<void>
}

function unquoted(text: string): string {
  return text
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** One sender's dialogue, line by line. */
function dialogue(socket: Socket, recipientReply: string, keep: (mail: SunkMail) => void) {
  let to = ''
  let data: string[] | null = null
  const say = (reply: string) => socket.write(`${reply}\r\n`)
  return (line: string) => {
    if (data && line !== '.') data.push(line.replace(/^\./, ''))
    else if (data) {
      const text = data.join('\n')
      keep({ to, text: /^Content-Transfer-Encoding: quoted-printable$/im.test(text) ? unquoted(text) : text })
      data = null
      say('250 kept')
    } else if (/^RCPT/i.test(line)) {
      to = /<(.*)>/.exec(line)?.[1] ?? ''
      say(recipientReply)
    } else if (/^DATA/i.test(line)) {
      data = []
      say('354 go on')
    } else say(/^EHLO/i.test(line) ? '250 mail.example' : '250 fine')
  }
}

/**
 * Starts one on a free port.
 * @param recipientReply what it says to every recipient; a code from 500 refuses them for good
 */
export async function startSmtpSink(recipientReply = '250 fine'): Promise<SmtpSink> {
  const received: SunkMail[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    const hear = dialogue(socket, recipientReply, (mail) => received.push(mail))
    let rest = ''
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) hear(line)
    })
    socket.write('220 mail.example ready\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `smtp://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

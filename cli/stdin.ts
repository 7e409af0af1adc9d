import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { UsageError } from './verb'

const MAX_BYTES = 64 * 1024

/** Asks at the terminal without showing what is typed. */
async function ask(prompt: string): Promise<string> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output, terminal: true })
  process.stderr.write(prompt)
  try {
    return await new Promise<string>((resolve, reject) => {
      const giveUp = () => reject(new UsageError('Nothing was given.'))
      terminal.once('SIGINT', giveUp)
      terminal.once('close', giveUp)
      terminal.question('').then(resolve, reject)
    })
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}

/**
 * One line from standard input: what is piped in, up to the end, without the line break at its end; at a terminal what
 * is typed, unseen.
 * @throws UsageError when nothing comes
 */
export async function readSecret(prompt: string): Promise<string> {
  if (process.stdin.isTTY) return ask(prompt)
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BYTES) throw new UsageError('Standard input holds more than a secret.')
    chunks.push(bytes)
  }
  const line = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (line === '') throw new UsageError('There was nothing on standard input.')
  return line
}

import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'

const A = 1
const CNAME = 5
const TXT = 16
const AAAA = 28
const KINDS: Readonly<Record<number, Question['type']>> = { [AAAA]: 'AAAA', [TXT]: 'TXT' }
const SERVFAIL = 2
const NXDOMAIN = 3

interface Question {
  name: string
  type: 'A' | 'AAAA' | 'TXT'
  /** How often this very question was asked before. */
  earlier: number
}

/**
 * What the server says: addresses of the kind asked for (others are left out), or texts, `cname:<name>` for another name
 * that has the rest, null for a name that does not exist, `failure` for a server that cannot tell, `silence` for no
 * answer at all.
 */
type Answer = readonly string[] | null | 'failure' | 'silence'

export interface DnsServer {
  /** For TWIG_DNS_SERVERS. */
  address: string
  asked: Question[]
  close: () => Promise<void>
}

const label = (name: string) =>
  Buffer.concat([
    ...name.split('.').map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])),
    Buffer.from([0]),
  ])

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const facts = Buffer.alloc(10)
  facts.writeUInt16BE(type, 0)
  facts.writeUInt16BE(1, 2)
  facts.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, facts, data])
}

/** The 16 bytes of a v6 address in its written form. */
function v6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const groups = (part: string) => part.split(':').filter(Boolean)
  const [left, right] = [groups(head), groups(tail ?? '')]
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** A text in pieces of up to 255 bytes, each with its length. */
function textBytes(text: string): Buffer {
  const pieces = text.match(/.{1,255}/gs) ?? ['']
  return Buffer.concat(pieces.flatMap((piece) => [Buffer.from([piece.length]), Buffer.from(piece)]))
}

function records(question: Question, answer: readonly string[]): Buffer[] {
  let owner = label(question.name)
  return answer.flatMap((entry) => {
    if (entry.startsWith('cname:')) {
      const alias = label(entry.slice('cname:'.length))
      const found = record(owner, CNAME, alias)
      owner = alias
      return [found]
    }
    if (question.type === 'TXT') return [record(owner, TXT, textBytes(entry))]
    if (isIP(entry) !== (question.type === 'A' ? 4 : 6)) return []
    const data = isIP(entry) === 4 ? Buffer.from(entry.split('.').map(Number)) : v6Bytes(entry)
    return [record(owner, isIP(entry) === 4 ? A : AAAA, data)]
  })
}

/** Starts a name server on a free UDP port of this machine (RFC 1035, the part that a resolver needs). */
export async function startDnsServer(answer: (question: Question) => Answer): Promise<DnsServer> {
  const asked: Question[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, { port, address }) => {
    let end = 12
    const parts: string[] = []
    for (let size = message[end] ?? 0; size > 0; size = message[end] ?? 0) {
      parts.push(message.toString('latin1', end + 1, end + 1 + size))
      end += size + 1
    }
    const name = parts.join('.').toLowerCase()
    const type = KINDS[message.readUInt16BE(end + 1)] ?? 'A'
    const earlier = asked.filter((question) => question.name === name && question.type === type).length
    const question: Question = { name, type, earlier }
    asked.push(question)
    const said = answer(question)
    if (said === 'silence') return
    const found = Array.isArray(said) ? records(question, said) : []
    const header = Buffer.alloc(12)
    message.copy(header, 0, 0, 2)
    const code = said === null ? NXDOMAIN : said === 'failure' ? SERVFAIL : 0
    header.writeUInt16BE(0x8180 | code, 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(found.length, 6)
    socket.send(Buffer.concat([header, message.subarray(12, end + 5), ...found]), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

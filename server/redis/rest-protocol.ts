import type { Reply } from './reply'

/** A request that is no command at all; the message goes to the client with this HTTP status. */
export class BadRequest extends Error {
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message)
  }
}

/** What a request asks for: one command, several one by one, or several as a transaction. */
export interface RestRequest {
  kind: 'single' | 'pipeline' | 'transaction'
  commands: string[][]
}

/**
 * Reads an Upstash REST request: a command as a JSON array for `/`, a list of commands for `/pipeline` and
 * `/multi-exec`, or the command in the path, where a body is its last argument and the query follows. Throws BadRequest.
 */
export function readRequest(method: string, target: string, body: Buffer): RestRequest {
  if (method !== 'POST' && method !== 'GET') throw new BadRequest('ERR method not allowed', 405)
  const [path = '', query = ''] = target.split('?', 2)
  if (method === 'POST' && path === '/') return { kind: 'single', commands: [readCommand(readJson(body))] }
  if (method === 'POST' && path === '/pipeline') return { kind: 'pipeline', commands: readCommands(body) }
  if (method === 'POST' && path === '/multi-exec')
    return { kind: 'transaction', commands: readCommands(body) }
  return { kind: 'single', commands: [readPath(path, query, body)] }
}

/** A reply in `Upstash-Encoding: base64`: every string but a plain OK; integers and null as they are. */
export function base64Reply(reply: Reply): Reply {
  return reply === 'OK' ? reply : base64Nested(reply)
}

// Inside a list an OK is encoded like any other string: the client decodes list items without looking.
function base64Nested(reply: Reply): Reply {
  if (typeof reply === 'string') return Buffer.from(reply, 'utf8').toString('base64')
  return Array.isArray(reply) ? reply.map(base64Nested) : reply
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new BadRequest('ERR failed to parse the request: the body is not JSON')
  }
}

function readCommands(body: Buffer): string[][] {
  const list = readJson(body)
  if (!Array.isArray(list))
    throw new BadRequest('ERR failed to parse the request: expected a list of commands')
  if (list.length === 0) throw new BadRequest('ERR empty pipeline request')
  return list.map(readCommand)
}

function readCommand(value: unknown): string[] {
  if (!Array.isArray(value)) throw new BadRequest('ERR failed to parse the request: expected a JSON array')
  if (value.length === 0) throw new BadRequest('ERR empty command')
  return value.map(readArgument)
}

function readArgument(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value === null) return ''
  throw new BadRequest(
    'ERR failed to parse the request: an argument is a string, a number, a boolean or null',
  )
}

function readPath(path: string, query: string, body: Buffer): string[] {
  const command = path.slice(1).split('/').map(decode)
  if (command[0] === '') throw new BadRequest('ERR empty command')
  if (body.length > 0) command.push(body.toString('utf8'))
  for (const part of query === '' ? [] : query.split('&')) {
    const [name = '', value] = part.split('=', 2)
    command.push(decode(name))
    if (value !== undefined && value !== '') command.push(decode(value))
  }
  return command
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BadRequest('ERR failed to parse the request: the path is not percent-encoded')
  }
}

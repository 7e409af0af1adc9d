import type { Answer, Payer } from '@/lib/core/answer-schemas'

/** Why a turn came to nothing, as the API says it. */
export interface TurnFailure {
  code: string
  error: string
  message: string
  detail: string | null
  requestId: string | null
}

/** What happens in a turn, in order: who is billed where that is told, texts, then an answer or a failure. */
export type TurnEvent =
  | { kind: 'payer'; payer: Payer }
  | { kind: 'text'; text: string }
  | { kind: 'done'; answer: Answer }
  | { kind: 'failed'; failure: TurnFailure }

/** Of a connection that failed; not one of the API's. */
export const NO_ANSWER_CODE = 'no_answer'

const UNKNOWN: TurnFailure = {
  code: NO_ANSWER_CODE,
  error: 'No answer',
  message: 'Twig did not answer, or the connection broke off. Your question is still here; try again.',
  detail: null,
  requestId: null,
}

/** An error object of the API, or the failure of a connection where it is none. */
export function failureOf(body: unknown): TurnFailure {
  if (typeof body !== 'object' || body === null) return UNKNOWN
  const text = (name: string) => {
    const value: unknown = Reflect.get(body, name)
    return typeof value === 'string' && value !== '' ? value : null
  }
  const code = text('code')
  if (code === null) return UNKNOWN
  return {
    code,
    error: text('error') ?? code,
    message: text('message') ?? '',
    detail: text('detail'),
    requestId: text('request_id'),
  }
}

/** The event in one block of a stream (WHATWG HTML 9.2.6, as Twig writes it); null for a comment. */
function readBlock(block: string): TurnEvent | null {
  const [, name, json] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? []
  if (name === undefined || json === undefined) return null
  const data: unknown = JSON.parse(json)
  if (name === 'delta') return { kind: 'text', text: String(Reflect.get(Object(data), 'text') ?? '') }
  if (name === 'done') return { kind: 'done', answer: data as Answer }
  return { kind: 'failed', failure: failureOf(data) }
}

/** The blocks of a text that comes in pieces; the last one may be cut off and is left out. */
async function* blocksOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of pieces) {
    rest += piece
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    yield* blocks
  }
}

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read())
      yield decoder.decode(next.value, { stream: true })
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** What an answer to a question tells, as it comes. A stream that ends without an end is a failure. */
export async function* turnEvents(answer: Response): AsyncGenerator<TurnEvent> {
  if (!answer.ok || !answer.body) {
    yield { kind: 'failed', failure: failureOf(await answer.json().catch(() => null)) }
    return
  }
  const payer = answer.headers.get('x-twig-billed-to')
  if (payer === 'organization' || payer === 'twig') yield { kind: 'payer', payer }
  for await (const block of blocksOf(piecesOf(answer.body))) {
    const event = readBlock(block)
    if (event) yield event
    if (event?.kind === 'done' || event?.kind === 'failed') return
  }
  yield { kind: 'failed', failure: UNKNOWN }
}

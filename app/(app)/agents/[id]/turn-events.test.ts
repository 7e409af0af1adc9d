import { describe, expect, test } from 'vitest'
import { type TurnEvent, turnEvents } from './turn-events'

const event = (name: string, data: object) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

async function read(answer: Response): Promise<TurnEvent[]> {
  const events: TurnEvent[] = []
  for await (const each of turnEvents(answer)) events.push(each)
  return events
}

/** The bytes of a text in pieces of a size, so that characters and events are cut anywhere. */
function inPieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
      controller.close()
    },
  })
}

const STREAM = [
  ': still here\n\n',
  event('delta', { text: 'Grüße, ' }),
  event('delta', { text: '世界\nnext line' }),
  event('done', { id: 'int_1', response: 'Grüße, 世界\nnext line' }),
].join('')

describe('the events of a turn', () => {
  test.each([1, 2, 3, 7, 64, 10_000])('are the same in pieces of %i bytes', async (size) => {
    const headers = { 'x-twig-billed-to': 'organization' }
    expect(await read(new Response(inPieces(STREAM, size), { headers }))).toEqual([
      { kind: 'payer', payer: 'organization' },
      { kind: 'text', text: 'Grüße, ' },
      { kind: 'text', text: '世界\nnext line' },
      { kind: 'done', answer: { id: 'int_1', response: 'Grüße, 世界\nnext line' } },
    ])
  })

  test('an error in the stream is told with its code, what to do and what the provider said', async () => {
    const failure = {
      code: 'external_key_rejected',
      error: 'External key rejected',
      message: 'Replace the key.',
      detail: 'OpenAI does not accept the key (401).',
      request_id: 'req_1',
    }
    const events = await read(new Response(inPieces(event('error', failure), 5)))
    expect(events).toEqual([
      {
        kind: 'failed',
        failure: {
          code: 'external_key_rejected',
          error: 'External key rejected',
          message: 'Replace the key.',
          detail: 'OpenAI does not accept the key (401).',
          requestId: 'req_1',
        },
      },
    ])
  })

  test('what is refused before the first event is told the same way', async () => {
    const refusal = { code: 'session_expired', error: 'Session expired', message: 'Sign in again.' }
    const [event] = await read(Response.json(refusal, { status: 401 }))
    expect(event).toMatchObject({ kind: 'failed', failure: { code: 'session_expired' } })
  })

  test('a stream that breaks off, and a page of somebody else, are failures', async () => {
    const broken = await read(new Response(inPieces(event('delta', { text: 'Half' }), 4)))
    expect(broken.map(({ kind }) => kind)).toEqual(['text', 'failed'])
    const [strange] = await read(new Response('<h1>Bad gateway</h1>', { status: 502 }))
    expect(strange).toMatchObject({ kind: 'failed', failure: { code: 'no_answer' } })
  })

  test('nothing is read after the end', async () => {
    const events = await read(new Response(inPieces(STREAM + event('delta', { text: 'more' }), 9)))
    expect(events.at(-1)?.kind).toBe('done')
  })
})

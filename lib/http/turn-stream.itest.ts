import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Answer } from '../core/answer-schemas'
import { TwigError } from '../core/errors'
import type { Circumstances, OpenTurn } from '../domain/answers'
import { CallerLeft } from '../domain/turn-watch'
import { replayedStream, type StreamSurroundings, streamTurn } from './turn-stream'

const ANSWER: Answer = {
  id: 'int_1',
  response: 'Thirty days.',
  sources: [],
  session_id: 'sess_1',
  latency_ms: 5,
  model: 'm',
  billed_to: 'twig',
  usage: { input_tokens: 1, output_tokens: 2 },
  notice: null,
}

/** A turn that does what the test says, and what is told of its stream. */
function made(run: (around: Circumstances) => Promise<Answer>, payer: OpenTurn['payer'] = 'twig') {
  const ends: unknown[] = []
  const settled: unknown[] = []
  const connection = new AbortController()
  const around: StreamSurroundings = {
    requestId: 'req_1',
    route: '/api/v1/query',
    signal: connection.signal,
    settle: async (answer) => void settled.push(answer),
    onEnd: (...end) => void ends.push(end),
  }
  const turn: OpenTurn = { payer, run: (circumstances = {}) => run(circumstances) }
  return { ends, settled, connection, response: () => streamTurn(turn, around) }
}

/** A run that goes on until its caller leaves. */
const untilLeft = ({ signal, onText }: Circumstances) =>
  new Promise<Answer>((_resolve, reject) => {
    onText?.('Thirty ')
    const leave = () => reject(new CallerLeft())
    if (signal?.aborted) leave()
    signal?.addEventListener('abort', leave)
  })

describe('a stream', () => {
  test('is deltas and the whole answer, kept before its last event is sent, and ends once', async () => {
    const { ends, settled, response } = made(async ({ onText }) => {
      onText?.('Thirty ')
      onText?.('days.\n"ü"')
      return ANSWER
    })
    const answer = await response()
    expect(Object.fromEntries(answer.headers)).toEqual({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-twig-billed-to': 'twig',
    })
    expect(await answer.text()).toBe(
      'event: delta\ndata: {"text":"Thirty "}\n\n' +
        'event: delta\ndata: {"text":"days.\\n\\"ü\\""}\n\n' +
        `event: done\ndata: ${JSON.stringify(ANSWER)}\n\n`,
    )
    expect(settled).toEqual([ANSWER])
    expect(ends).toEqual([[200, '']])
  })

  test('that fails ends with the error object and with the status that it would have had', async () => {
    const { ends, settled, response } = made(async ({ onText }) => {
      onText?.('Thirty ')
      throw new TwigError('provider_error', 'It broke.', { details: { detail: 'why' } })
    })
    const text = await (await response()).text()
    const [, error = ''] = text.split('event: error\ndata: ')
    expect(JSON.parse(error)).toMatchObject({
      code: 'provider_error',
      status: 502,
      message: 'It broke.',
      detail: 'why',
      request_id: 'req_1',
      docs: expect.stringContaining('/docs/errors#provider_error'),
    })
    expect(settled).toEqual([null])
    expect(ends).toEqual([[502, 'provider_error']])
  })

  test('says who is billed only when that is certain', async () => {
    let go: () => void = () => {}
    const { response } = made(async ({ onPayer, onText }) => {
      await new Promise<void>((resolve) => {
        go = resolve
      })
      onPayer?.('organization')
      onText?.('x')
      return ANSWER
    }, null)
    const answer = response()
    const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, 'waiting'))])
    expect(first).toBe('waiting')
    go()
    expect((await answer).headers.get('x-twig-billed-to')).toBe('organization')
    const failed = made(async () => Promise.reject(new TwigError('provider_timeout')), null)
    expect((await failed.response()).headers.get('x-twig-billed-to')).toBeNull()
  })

  test('ends its turn when the connection breaks', async () => {
    const { ends, settled, connection, response } = made(untilLeft)
    await response()
    connection.abort()
    await expect.poll(() => ends).toEqual([[499, '']])
    expect(settled).toEqual([null])
  })

  test('ends its turn when its body is no longer read, though nothing more is written', async () => {
    const { ends, settled, response } = made(untilLeft)
    const reader = (await response()).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await expect.poll(() => ends).toEqual([[499, '']])
    expect(settled).toEqual([null])
  })

  test('whose caller had left before it began does not begin', async () => {
    const { ends, connection, response } = made(untilLeft)
    connection.abort()
    await response()
    await expect.poll(() => ends).toEqual([[499, '']])
  })

  test('on which nothing comes for ten seconds sends a comment, and stops when it is over', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    let end: () => void = () => {}
    const { response } = made(
      () =>
        new Promise((resolve) => {
          end = () => resolve(ANSWER)
        }),
    )
    const answer = await response()
    vi.advanceTimersByTime(20_000)
    end()
    const text = await answer.text()
    expect(text.match(/^: still here$/gm)).toHaveLength(2)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('an answer given before is a stream of the same form, marked as a repetition', async () => {
  const answer = replayedStream(ANSWER)
  expect(answer.headers.get('idempotent-replayed')).toBe('true')
  expect(answer.headers.get('x-twig-billed-to')).toBe('twig')
  expect(await answer.text()).toBe(
    `event: delta\ndata: {"text":"Thirty days."}\n\nevent: done\ndata: ${JSON.stringify(ANSWER)}\n\n`,
  )
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { askModel, type ModelTarget, type Patience } from './models'
import { type Behaviour, type ModelServer, startModelServer } from './testing/model-server'

const KEY = 'sk-canary-5f1c0ffee5f1c0ffee'
const patience: Patience = { wholeMs: 400, pieceMs: 400, streamMs: 1_500 }
const question = {
  system: 'Be brief.',
  messages: [{ role: 'user' as const, content: 'How long can an item be returned?' }],
  temperature: 0.2,
  maxTokens: 100,
}

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer({ slowMs: 1_000 })
  setEnvironment({
    OPENAI_BASE_URL: `${server.url}/v1`,
    ANTHROPIC_BASE_URL: `${server.url}/v1`,
    TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8',
  })
})
afterAll(async () => {
  restoreEnvironment()
  await server.close()
})
beforeEach(() => {
  server.behave('ok')
  server.calls.length = 0
})

const targets: Array<[string, ModelTarget]> = [
  ['OpenAI', { provider: 'openai', apiKey: KEY, endpoint: null, model: 'gpt-4.1-mini' }],
  ['Anthropic', { provider: 'anthropic', apiKey: KEY, endpoint: null, model: 'claude-haiku-4-5' }],
  ['custom', { provider: 'custom', apiKey: KEY, endpoint: 'set below', model: 'gpt-stand-in' }],
]
const at = (target: ModelTarget): ModelTarget =>
  target.endpoint === null ? target : { ...target, endpoint: `${server.url}/v1` }

const kinds: Array<[Behaviour, string]> = [
  ['bad_request', 'request_refused'],
  ['no_such_model', 'request_refused'],
  ['rejected', 'key_rejected'],
  ['forbidden', 'key_rejected'],
  ['payment_required', 'out_of_quota'],
  ['insufficient_quota', 'out_of_quota'],
  ['rate_limited', 'rate_limited'],
  ['server_error', 'broken'],
  ['overloaded', 'broken'],
  ['malformed', 'broken'],
  ['html', 'broken'],
  ['cut', 'broken'],
  ['redirect', 'broken'],
  ['silent', 'too_slow'],
]

describe.each(targets)('%s', (_name, target) => {
  test.each([
    ['as a whole', false],
    ['as a stream', true],
  ])('answers %s, with what it cost and what it was asked', async (_how, isStream) => {
    const pieces: string[] = []
    const onText = isStream ? (text: string) => void pieces.push(text) : undefined
    const answer = await askModel(at(target), question, { signal: new AbortController().signal, onText })
    expect(answer).toEqual({
      text: 'You asked: How long can an item be returned?',
      usage: { inputTokens: 11, outputTokens: 7 },
    })
    expect(pieces.join('')).toBe(isStream ? answer.text : '')
    expect(pieces.length > 1).toBe(isStream)
    expect(server.calls).toHaveLength(1)
    expect(server.calls[0]).toMatchObject({ key: KEY, status: 200, body: { temperature: 0.2 } })
    expect(JSON.stringify(server.calls[0]?.body)).toContain('Be brief.')
  })

  test.each(kinds)('that is %s is told as %s, whole or streamed, and asked once', async (behaviour, kind) => {
    for (const onText of [undefined, () => {}]) {
      server.behave(behaviour)
      server.calls.length = 0
      const asking = askModel(at(target), question, {
        signal: new AbortController().signal,
        onText,
        patience,
      })
      const failure: unknown = await asking.catch((error: unknown) => error)
      expect(failure).toMatchObject({ name: 'ModelFailure', kind })
      expect((failure as Error).message).not.toContain('canary')
      expect(server.calls).toHaveLength(1)
    }
  })

  test('that fails in the middle of a stream is broken, and what came before was handed over', async () => {
    server.behave('error_in_stream')
    const pieces: string[] = []
    const onText = (text: string) => void pieces.push(text)
    const asking = askModel(at(target), question, { signal: new AbortController().signal, onText, patience })
    await expect(asking).rejects.toMatchObject({ kind: 'broken' })
    expect(pieces.join('')).toBe('You asked: ')
  })

  test.each([
    ['whole', 'silent', undefined],
    ['stream', 'endless', () => {}],
  ] as const)('asked for a %s is left at once when the caller leaves', async (_how, behaviour, onText) => {
    server.behave(behaviour)
    const caller = new AbortController()
    const asking = askModel(at(target), question, { signal: caller.signal, onText })
    await expect.poll(() => server.calls.length).toBe(1)
    caller.abort(new Error('left'))
    await expect(asking).rejects.toThrow('left')
    await expect.poll(() => server.calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)
  })

  test('that streams for ever is left when its time is over', async () => {
    server.behave('endless')
    const asking = askModel(at(target), question, {
      signal: new AbortController().signal,
      onText: () => {},
      patience,
    })
    await expect(asking).rejects.toMatchObject({ kind: 'too_slow' })
    await expect.poll(() => server.calls[0]?.abandoned, { timeout: 1_000 }).toBe(true)
  })
})

test('a server that is not there is unreachable', async () => {
  const closed = await startModelServer()
  await closed.close()
  const gone = { provider: 'custom', apiKey: KEY, endpoint: `${closed.url}/v1`, model: 'm' } as const
  const asking = askModel(gone, question, { signal: new AbortController().signal, patience })
  await expect(asking).rejects.toMatchObject({ kind: 'unreachable' })
})

test('an address that Twig does not call is refused before anything is sent', async () => {
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: undefined })
  const target = { provider: 'custom', apiKey: KEY, endpoint: `${server.url}/v1`, model: 'm' } as const
  const asking = askModel(target, question, { signal: new AbortController().signal, patience })
  await expect(asking).rejects.toMatchObject({ kind: 'address_refused' })
  expect(server.calls).toHaveLength(0)
  setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
})

test('a stream that merely ends, without having been finished, was cut', async () => {
  const piece = JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: 'Thirty ' } }] })
  const early = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${piece}\n\ndata: [DONE]\n\n`)
  })
  await new Promise<void>((resolve) => early.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void early.close())
  const url = `http://127.0.0.1:${(early.address() as AddressInfo).port}/v1`
  setEnvironment({ OPENAI_BASE_URL: url })
  onTestFinished(() => setEnvironment({ OPENAI_BASE_URL: `${server.url}/v1` }))
  const openai = { provider: 'openai', apiKey: KEY, endpoint: null, model: 'gpt-4.1-mini' } as const
  const custom = { provider: 'custom', apiKey: KEY, endpoint: url, model: 'm' } as const
  for (const target of [openai, custom]) {
    const pieces: string[] = []
    const onText = (text: string) => void pieces.push(text)
    const asking = askModel(target, question, { signal: new AbortController().signal, onText })
    await expect(asking).rejects.toMatchObject({ kind: 'broken' })
    expect(pieces).toEqual(['Thirty '])
  }
})

import { z } from 'zod'

/** The wire formats that the model server speaks: OpenAI's chat completions and responses, Anthropic's messages. */
export type Wire = 'completions' | 'responses' | 'messages'

/** What every answer costs. */
const USAGE = { input: 11, output: 7 } as const

/** What is read of a request; the rest is kept for the tests to look at. */
export const ModelRequest = z.looseObject({
  model: z.string().default('unknown'),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).optional(),
  input: z.array(z.looseObject({ role: z.string().optional(), content: z.unknown() })).optional(),
})
export type ModelRequest = z.infer<typeof ModelRequest>

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part: { text?: unknown }) => (typeof part?.text === 'string' ? part.text : '')).join('')
}

/** What the person said last, whichever wire it came over. */
export function lastUserText({ messages, input }: ModelRequest): string {
  const said = (messages ?? input ?? []).filter(({ role }) => role === 'user')
  return textOf(said.at(-1)?.content)
}

const openAiUsage = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
}
const plainUsage = { input_tokens: USAGE.input, output_tokens: USAGE.output }
const CREATED = 1_790_000_000

const responsesMessage = (text: string) => ({
  type: 'message',
  id: 'msg_1',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
})

const response = (model: string, text: string) => ({
  id: 'resp_1',
  object: 'response',
  created_at: CREATED,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model,
  output: [responsesMessage(text)],
  usage: {
    ...plainUsage,
    total_tokens: USAGE.input + USAGE.output,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  },
})

/** A whole answer, as one JSON document. */
export function wholeAnswer(wire: Wire, model: string, text: string): object {
  switch (wire) {
    case 'completions':
      return {
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: CREATED,
        model,
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
        usage: openAiUsage,
      }
    case 'responses':
      return response(model, text)
    case 'messages':
      return {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model,
        content: [{ type: 'text', text }],
        stop_reason: 'end_turn',
        stop_sequence: null,
        usage: plainUsage,
      }
  }
}

const data = (event: object) => `data: ${JSON.stringify(event)}\n\n`
const named = (event: { type: string }) => `event: ${event.type}\n${data(event)}`

/** The events of a streamed answer: what begins it, one for each piece of text, what ends it. */
export interface StreamedAnswer {
  head: string[]
  pieces: string[]
  tail: string[]
}

function completionEvents(model: string, pieces: string[]): StreamedAnswer {
  const chunk = (delta: object, finish: string | null = null) =>
    data({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: CREATED,
      model,
      choices: [{ index: 0, delta, finish_reason: finish }],
    })
  const usage = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: CREATED, model, choices: [] }
  return {
    head: [chunk({ role: 'assistant', content: '' })],
    pieces: pieces.map((content) => chunk({ content })),
    tail: [chunk({}, 'stop'), data({ ...usage, usage: openAiUsage }), 'data: [DONE]\n\n'],
  }
}

function responseEvents(model: string, pieces: string[]): StreamedAnswer {
  const whole = response(model, pieces.join(''))
  const begun = { ...whole, status: 'in_progress', output: [], usage: null }
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  const empty = { ...responsesMessage(''), status: 'in_progress', content: [] }
  return {
    head: [
      named({ type: 'response.created', ...{ sequence_number: 0, response: begun } }),
      named({ type: 'response.output_item.added', ...{ output_index: 0, item: empty } }),
    ],
    pieces: pieces.map((delta) =>
      named({ type: 'response.output_text.delta', ...place, ...{ delta, logprobs: [] } }),
    ),
    tail: [
      named({ type: 'response.output_item.done', ...{ output_index: 0, item: whole.output[0] } }),
      named({ type: 'response.completed', ...{ sequence_number: 9, response: whole } }),
    ],
  }
}

function messageEvents(model: string, pieces: string[]): StreamedAnswer {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: USAGE.input, output_tokens: 1 },
  }
  const begin = { index: 0, content_block: { type: 'text', text: '' } }
  const end = { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: plainUsage }
  return {
    head: [
      named({ type: 'message_start', ...{ message } }),
      named({ type: 'content_block_start', ...begin }),
      named({ type: 'ping' }),
    ],
    pieces: pieces.map((text) =>
      named({ type: 'content_block_delta', ...{ index: 0, delta: { type: 'text_delta', text } } }),
    ),
    tail: [
      named({ type: 'content_block_stop', ...{ index: 0 } }),
      named({ type: 'message_delta', ...end }),
      named({ type: 'message_stop' }),
    ],
  }
}

/** The same answer as a stream of server-sent events, a word a piece. */
export function streamedAnswer(wire: Wire, model: string, text: string): StreamedAnswer {
  const pieces = text.match(/\S+\s*/g) ?? []
  if (wire === 'completions') return completionEvents(model, pieces)
  return wire === 'responses' ? responseEvents(model, pieces) : messageEvents(model, pieces)
}

/** The list of models, as each of the two vendors writes it. */
export function modelList(isAnthropic: boolean, models: readonly string[]): object {
  if (!isAnthropic) {
    const data = models.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'stand-in' }))
    return { object: 'list', data }
  }
  const data = models.map((id) => ({
    type: 'model',
    id,
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
  }))
  return { data, has_more: false, first_id: models[0] ?? null, last_id: models.at(-1) ?? null }
}

/** A refusal in the vendor's own words. It quotes the key, masked as OpenAI masks it, the way vendors do. */
export function refusal(
  isAnthropic: boolean,
  { type, code, message }: { type: string; code: string | null; message: string },
): object {
  if (isAnthropic) return { type: 'error', error: { type, message }, request_id: 'req_stand_in' }
  return { error: { message, type, param: null, code } }
}

/** The event with which a stream that has begun tells of a failure. */
export function errorEvent(wire: Wire): string {
  const message = 'The server had an error while processing your request.'
  if (wire === 'messages')
    return named({ type: 'error', ...{ error: { type: 'overloaded_error', message } } })
  if (wire === 'completions')
    return data({ error: { message, type: 'server_error', param: null, code: null } })
  const error = { type: 'server_error', code: 'server_error', message, param: null }
  return named({ type: 'error', ...{ sequence_number: 3, error } })
}

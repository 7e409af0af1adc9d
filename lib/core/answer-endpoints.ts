import {
  Answer,
  ChatInput,
  Interaction,
  InteractionIdParams,
  ListInteractionsQuery,
  QueryInput,
} from './answer-schemas'
import type { Endpoint } from './endpoints'
import { interactionsCsv } from './interaction-csv'
import { listOf } from './schemas'

/** Who is billed is in the answer as well; the header spares a proxy the reading of it. */
function billedTo(output: unknown): Record<string, string> {
  return { 'X-Twig-Billed-To': (output as Answer).billed_to }
}

/** Asking agents, and what came of it. */
export const answerEndpoints = {
  query: {
    method: 'post',
    path: '/query',
    summary:
      'Ask an agent one question. `stream: true` answers with server-sent events: `delta` `{text}`, then `done` with this object, or `error`.',
    body: QueryInput,
    sample: { agent_id: 'agent_4fGh2Kq9ZrT7wXyB1cDe', query: 'How long can an item be returned?' },
    output: Answer,
    status: 200,
    streams: true,
    headers: billedTo,
  },
  chat: {
    method: 'post',
    path: '/chat',
    summary:
      'Take a turn in a conversation, which remembers the turns before it when `session_id` is sent back. Streams like `/query`.',
    body: ChatInput,
    sample: { agent_id: 'agent_4fGh2Kq9ZrT7wXyB1cDe', message: 'And without a receipt?' },
    output: Answer,
    status: 200,
    streams: true,
    headers: billedTo,
  },
  listInteractions: {
    method: 'get',
    path: '/interactions',
    summary: 'Questions and answers of this environment, the latest first.',
    query: ListInteractionsQuery,
    output: listOf(Interaction),
    status: 200,
    csv: ({ data }: { data: Interaction[] }) => interactionsCsv(data),
  },
  getInteraction: {
    method: 'get',
    path: '/interactions/{id}',
    summary: 'One question and its answer.',
    params: InteractionIdParams,
    output: Interaction,
    status: 200,
  },
} as const satisfies Record<string, Endpoint>

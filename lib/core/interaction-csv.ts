import type { Interaction } from './answer-schemas'
import { csvText } from './csv'

const HEADER = [
  'id',
  'created_at',
  'environment',
  'agent_id',
  'agent_name',
  'session_id',
  'kind',
  'key_id',
  'user_id',
  'status',
  'code',
  'model',
  'billed_to',
  'input_tokens',
  'output_tokens',
  'latency_ms',
  'input',
  'response',
  'sources',
  'request_id',
]

/** Interactions as CSV (RFC 4180) with a header line; sources by their documents' titles, one a line. */
export function interactionsCsv(interactions: readonly Interaction[]): string {
  const rows = interactions.map((row) => [
    row.id,
    row.created_at,
    row.environment,
    row.agent_id,
    row.agent_name,
    row.session_id,
    row.kind,
    row.key_id,
    row.user_id,
    row.status,
    row.code,
    row.model,
    row.billed_to,
    row.usage?.input_tokens ?? null,
    row.usage?.output_tokens ?? null,
    row.latency_ms,
    row.input,
    row.response,
    [...new Set(row.sources.map(({ document_title: title }) => title))].join('\n'),
    row.request_id,
  ])
  return csvText([HEADER, ...rows])
}

import { Interaction, Source } from '../core/answer-schemas'
import type { Interaction as InteractionRow } from '../generated/prisma/client'

/** An interaction as people and programs see it. */
export function toInteraction(row: InteractionRow): Interaction {
  const { inputTokens, outputTokens } = row
  const isCounted = inputTokens !== null && outputTokens !== null
  return Interaction.parse({
    id: row.id,
    agent_id: row.agentId,
    agent_name: row.agentName,
    environment: row.environment,
    session_id: row.sessionId,
    key_id: row.keyId,
    user_id: row.userId,
    kind: row.kind,
    input: row.input,
    response: row.response,
    sources: Source.array().parse(row.sources),
    model: row.model,
    billed_to: row.billedTo,
    usage: isCounted ? { input_tokens: inputTokens, output_tokens: outputTokens } : null,
    latency_ms: row.latencyMs,
    status: row.status,
    code: row.code,
    request_id: row.requestId,
    created_at: row.createdAt.toISOString(),
  })
}

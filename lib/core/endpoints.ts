import type { z } from 'zod'
import { answerEndpoints } from './answer-endpoints'
import { auditEndpoints } from './audit-endpoints'
import { dataEndpoints } from './data-endpoints'
import { explainEndpoints } from './explain-endpoints'
import {
  CheckExternalKeyBody,
  CreateExternalKeyInput,
  DeletedExternalKey,
  ExternalKey,
  ExternalKeyIdParams,
  ProviderModels,
  RenameExternalKeyBody,
  ReplaceExternalKeyBody,
} from './external-key-schemas'
import {
  ApiKey,
  ApiKeyIdParams,
  ApiRequest,
  CreateApiKeyInput,
  NewApiKey,
  RevocationReceipt,
  RotateApiKeyBody,
  UpdateApiKeyBody,
  UsageQuery,
  UsageReport,
} from './key-schemas'
import { organizationEndpoints } from './organization-endpoints'
import { protectionEndpoints } from './protection-endpoints'
import { Agent, AgentIdParams, AgentInput, DeletedAgent, ListQuery, listOf, Whoami } from './schemas'
import { usageCsv } from './usage-csv'

/** One operation of the API: what it reads and answers. Its scope and bucket stand in the policy. */
export interface Endpoint {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Relative to the API's bases, as in the policy. */
  path: string
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  /** A form with a file, which is taken as well as the body. */
  upload?: z.ZodObject
  /** A body for the reference to show. */
  sample?: Readonly<Record<string, unknown>>
  output: z.ZodType
  /** Of the answer when all went well. */
  status: 200 | 201
  /** Whether it answers as server-sent events where the body asks for `stream`. */
  streams?: true
  /** Whether a model provider is asked, whose failure is then the answer. */
  asksProvider?: true
  /** Headers that say something of the output besides. */
  headers?(output: unknown): Record<string, string>
  /** Writes the output as a table, where the query asks for `format=csv`. */
  csv?(output: unknown): string
  /** Media types of the file that it answers with; the output is a TextFile. */
  file?: readonly string[]
}

/** The API's operations; handlers, OpenAPI and the reference are made from these. */
export const endpoints = {
  whoami: {
    method: 'get',
    path: '/whoami',
    summary: 'The key that is calling, its organization, scopes and limits.',
    output: Whoami,
    status: 200,
  },
  listAgents: {
    method: 'get',
    path: '/agents',
    summary: 'Agents of this environment, newest first.',
    query: ListQuery,
    output: listOf(Agent),
    status: 200,
  },
  createAgent: {
    method: 'post',
    path: '/agents',
    summary: 'Make an agent. Only a name is needed.',
    body: AgentInput,
    sample: { name: 'Support' },
    output: Agent,
    status: 201,
  },
  getAgent: {
    method: 'get',
    path: '/agents/{id}',
    summary: 'One agent.',
    params: AgentIdParams,
    output: Agent,
    status: 200,
  },
  replaceAgent: {
    method: 'put',
    path: '/agents/{id}',
    summary: 'Replace an agent as a whole; what is left out returns to its default.',
    params: AgentIdParams,
    body: AgentInput,
    sample: { name: 'Support', instructions: 'Answer briefly.' },
    output: Agent,
    status: 200,
  },
  deleteAgent: {
    method: 'delete',
    path: '/agents/{id}',
    summary: 'Delete an agent.',
    params: AgentIdParams,
    output: DeletedAgent,
    status: 200,
  },
  ...dataEndpoints,
  listApiKeys: {
    method: 'get',
    path: '/api-keys',
    summary:
      'Keys of the organization that are not deleted, newest first: Live and Test alike; for a Test key, Test keys.',
    query: ListQuery,
    output: listOf(ApiKey),
    status: 200,
  },
  createApiKey: {
    method: 'post',
    path: '/api-keys',
    summary:
      'Make a key, of either environment; a Test key makes Test keys only. `key` is in this answer and nowhere else.',
    body: CreateApiKeyInput,
    sample: { name: 'CI', scopes: ['read'], environment: 'live' },
    output: NewApiKey,
    status: 201,
  },
  getApiKey: {
    method: 'get',
    path: '/api-keys/{id}',
    summary: 'One key that is not deleted.',
    params: ApiKeyIdParams,
    output: ApiKey,
    status: 200,
  },
  updateApiKey: {
    method: 'patch',
    path: '/api-keys/{id}',
    summary:
      'Rename, narrow, disable or enable a key, the calling one too; what is left out stays. 503 `revocation_pending`: it is done, but a cache could not be told yet.',
    params: ApiKeyIdParams,
    body: UpdateApiKeyBody,
    sample: { scopes: ['read'] },
    output: ApiKey,
    status: 200,
  },
  rotateApiKey: {
    method: 'post',
    path: '/api-keys/{id}/rotate',
    summary:
      'Replace a key, the calling one too, by a successor with the same name, scopes and environment; the old one works until its grace time is over.',
    params: ApiKeyIdParams,
    body: RotateApiKeyBody,
    sample: { grace: '24h' },
    output: NewApiKey,
    status: 201,
  },
  deleteApiKey: {
    method: 'delete',
    path: '/api-keys/{id}',
    summary:
      'Delete a key, the calling one too, for good. Deleting it again gives the same `revoked_at`. 503 `revocation_pending`: it is deleted, but a cache could not be told yet.',
    params: ApiKeyIdParams,
    output: RevocationReceipt,
    status: 200,
  },
  getApiKeyUsage: {
    method: 'get',
    path: '/api-keys/{id}/usage',
    summary: 'Requests with a key over time, by outcome and by endpoint, with latencies and callers.',
    params: ApiKeyIdParams,
    query: UsageQuery,
    output: UsageReport,
    status: 200,
    csv: usageCsv,
  },
  listApiKeyRequests: {
    method: 'get',
    path: '/api-keys/{id}/requests',
    summary: 'Single requests with a key in the last 30 days, newest first.',
    params: ApiKeyIdParams,
    query: ListQuery,
    output: listOf(ApiRequest),
    status: 200,
  },
  listExternalKeys: {
    method: 'get',
    path: '/external-keys',
    summary: 'Keys of model providers that the organization brought, newest first.',
    query: ListQuery,
    output: listOf(ExternalKey),
    status: 200,
  },
  createExternalKey: {
    method: 'post',
    path: '/external-keys',
    summary:
      'Add a key of OpenAI, Anthropic or an OpenAI-compatible server. It is tested first; 400 tells why the provider refuses it.',
    body: CreateExternalKeyInput,
    sample: { provider: 'openai', api_key: 'sk-your-key' },
    output: ExternalKey,
    status: 201,
    asksProvider: true,
  },
  getExternalKey: {
    method: 'get',
    path: '/external-keys/{id}',
    summary: 'One of these keys, with its health and the agents that use it. The key itself is never shown.',
    params: ExternalKeyIdParams,
    output: ExternalKey,
    status: 200,
  },
  replaceExternalKey: {
    method: 'put',
    path: '/external-keys/{id}',
    summary:
      'Put another key in its place, tested first; agents go on with it. Endpoint and name stay where they are left out.',
    params: ExternalKeyIdParams,
    body: ReplaceExternalKeyBody,
    sample: { api_key: 'sk-your-new-key' },
    output: ExternalKey,
    status: 200,
    asksProvider: true,
  },
  renameExternalKey: {
    method: 'patch',
    path: '/external-keys/{id}',
    summary: 'Give the key another name.',
    params: ExternalKeyIdParams,
    body: RenameExternalKeyBody,
    sample: { name: 'OpenAI, production' },
    output: ExternalKey,
    status: 200,
  },
  checkExternalKey: {
    method: 'post',
    path: '/external-keys/{id}/check',
    summary: 'Ask the provider about the key now; `health` says what it answered.',
    params: ExternalKeyIdParams,
    body: CheckExternalKeyBody,
    sample: {},
    output: ExternalKey,
    status: 200,
  },
  listExternalKeyModels: {
    method: 'get',
    path: '/external-keys/{id}/models',
    summary: 'Models that the key’s provider lists.',
    params: ExternalKeyIdParams,
    output: ProviderModels,
    status: 200,
    asksProvider: true,
  },
  deleteExternalKey: {
    method: 'delete',
    path: '/external-keys/{id}',
    summary: 'Delete the key. Agents that answer with it stop; `stopped_agents` says which.',
    params: ExternalKeyIdParams,
    output: DeletedExternalKey,
    status: 200,
  },
  ...auditEndpoints,
  ...protectionEndpoints,
  ...answerEndpoints,
  ...explainEndpoints,
  ...organizationEndpoints,
} as const satisfies Record<string, Endpoint>

import type { z } from 'zod'
import { Agent, AgentIdParams, AgentInput, DeletedAgent, ListQuery, listOf, Whoami } from './schemas'

/** One operation of the API: what it reads and answers. Its scope and bucket stand in the policy. */
export interface Endpoint {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Relative to the API's bases, as in the policy. */
  path: string
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  output: z.ZodType
  /** Of the answer when all went well. */
  status: 200 | 201
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
} as const satisfies Record<string, Endpoint>

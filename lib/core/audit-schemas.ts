import { z } from 'zod'
import { Moment } from './answer-schemas'
import { searchPeriods } from './interaction-search'
import { Id, ListQuery, Timestamp } from './schemas'

/** Shapes of the audit log, shared by page, route, command line and OpenAPI. contract.md 3. */

export const actorKinds = ['user', 'key', 'operator', 'system'] as const
export type ActorKind = (typeof actorKinds)[number]

const RequestId = z.string().regex(/^[\w.:-]{1,128}$/, 'This is not a request id')

const facts = z.record(z.string(), z.json()).nullable()

export const AuditLog = z
  .object({
    id: z.string().meta({ example: 'audit_4fGh2Kq9ZrT7wXyB1cDe' }),
    seq: z.number().int().meta({ description: 'Place in the organization’s chain, from 1 without a gap.' }),
    time: Timestamp,
    actor_kind: z
      .enum(actorKinds)
      .meta({ description: '`operator`: the command line; `system`: Twig itself.' }),
    actor_id: z.string().nullable().meta({ description: 'Of the person or the key.' }),
    action: z.string().meta({ example: 'api_key.created' }),
    target_id: z.string().nullable(),
    before: facts.meta({ description: 'What was; secrets are masked.' }),
    after: facts.meta({ description: 'What is; secrets are masked.' }),
    client_ip: z.string().nullable(),
    request_id: z.string().nullable(),
    previous_hash: z.string().meta({ description: 'Hash of the row before.' }),
    hash: z
      .string()
      .meta({ description: 'SHA-256 over the row in canonical JSON, `previous_hash` included.' }),
  })
  .meta({ id: 'AuditLog' })
export type AuditLog = z.infer<typeof AuditLog>

const AuditFilter = z.strictObject({
  action: z
    .string()
    .regex(/^[a-z_]{1,64}(?:\.[a-z_]{1,64})?$/, 'This is not an action')
    .optional()
    .meta({ description: 'As `api_key.created`; `api_key` alone is every action on keys.' }),
  actor: Id.optional().meta({ description: 'Id of a person or a key, or a kind of actor.' }),
  target: Id.optional().meta({ description: 'Id of what was changed.' }),
  request_id: RequestId.optional(),
  from: Moment.optional().meta({ description: 'Not before this time.' }),
  to: Moment.optional().meta({ description: 'Before this time.' }),
})
export type AuditFilter = z.infer<typeof AuditFilter>

export const ListAuditLogsQuery = ListQuery.extend(AuditFilter.shape).extend({
  format: z.enum(['json', 'csv']).default('json'),
})
export type ListAuditLogsQuery = z.infer<typeof ListAuditLogsQuery>

export const auditFormats = ['jsonl', 'csv'] as const

export const ExportAuditLogsQuery = AuditFilter.extend({
  format: z.enum(auditFormats).default('jsonl').meta({
    description: '`jsonl` is the whole log, its last line signed; `csv` is what the filters leave.',
  }),
})
export type ExportAuditLogsQuery = z.infer<typeof ExportAuditLogsQuery>

/** A form sends a choice that was not made as nothing. */
function chosen<S extends z.ZodType>(schema: S) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema.optional())
}

/** What the console's page is narrowed to, as its address says. */
export const AuditSearch = z.object({
  action: chosen(AuditFilter.shape.action.unwrap()),
  actor: chosen(Id),
  target: chosen(Id),
  request: chosen(RequestId),
  period: chosen(z.enum(searchPeriods)),
})
export type AuditSearch = z.infer<typeof AuditSearch>

/** The address's query for a search, `?` included; empty where nothing is chosen. */
export function auditQuery(search: AuditSearch & { cursor?: string | undefined }): string {
  const given = Object.entries(search).flatMap(([name, value]) => (value ? [[name, value]] : []))
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

import { actorKinds, auditFormats, ListAuditLogsQuery } from '../../lib/core/audit-schemas'
import { TwigError } from '../../lib/core/errors'
import { exportAuditLogs } from '../../lib/domain/audit-export'
import { listAuditLogs } from '../../lib/domain/audit-log'
import { listAuditRemovals, removalReasons } from '../../lib/domain/audit-removals'
import { type AuditVerdict, verifyAuditExport, verifyAuditLog } from '../../lib/domain/audit-verification'
import { findOrganization, listOrganizations } from '../../lib/domain/organizations'
import { listSigningKeys, signingKey } from '../../lib/store/signing-key'
import { actFor, choice, fromSchema, optional, org, text, wholeNumber } from '../flags'
import { readInputLines } from '../input-file'
import { type Answer, count, minute, table } from '../output'
import { UsageError, verb } from '../verb'

const ROWS = 50
const { action, actor, target, request_id, from, to, limit } = ListAuditLogsQuery.shape

const rowLimit = optional(wholeNumber('limit', `At most so many rows; ${ROWS} when left out, 200 at most.`))

function checkLimit(rows: number | undefined): void {
  if (rows !== undefined && !limit.safeParse(rows).success)
    throw new UsageError('--limit takes a number from 1 to 200.')
}

const list = verb({
  summary: "Shows an organization's audit log, the latest rows first.",
  flags: {
    org,
    action: optional(
      fromSchema('<action>', 'As api_key.created, or api_key for all of them.', action.unwrap()),
    ),
    actor: optional(
      fromSchema('<id>', `Who did it: an id, or one of ${actorKinds.join(', ')}.`, actor.unwrap()),
    ),
    target: optional(fromSchema('<id>', 'What was changed.', target.unwrap())),
    request: optional(fromSchema('<id>', 'By one request.', request_id.unwrap())),
    from: optional(fromSchema('<time>', 'Not before this time (RFC 3339).', from.unwrap())),
    to: optional(fromSchema('<time>', 'Before this time (RFC 3339).', to.unwrap())),
    limit: rowLimit,
  },
  check: (given) => checkLimit(given.limit),
  run: async ({ org, limit = ROWS, request: request_id, ...filter }) => {
    const { principal } = await actFor(org)
    const { data } = await listAuditLogs(principal, { ...filter, request_id, limit })
    const rows = data.map((row) => [
      String(row.seq),
      minute(row.time),
      row.actor_id ?? row.actor_kind,
      row.action,
      row.target_id ?? '',
      row.client_ip ?? '',
      row.request_id ?? '',
    ])
    const headings = ['ROW', 'TIME', 'BY', 'ACTION', 'TARGET', 'FROM', 'REQUEST']
    return { document: data, text: rows.length === 0 ? 'There are no such rows.' : table(headings, rows) }
  },
})

const removals = verb({
  summary: 'Shows what was removed from audit logs, also with organizations that are gone; the latest first.',
  flags: {
    org: optional(text('org', 'The organization, by its id or the slug that it had.')),
    reason: optional(choice('reason', removalReasons, 'Why rows went.')),
    limit: rowLimit,
  },
  check: (given) => checkLimit(given.limit),
  run: async ({ org, reason, limit = ROWS }) => {
    const found = await listAuditRemovals({ organization: org, reason, limit })
    const rows = found.map((row) => [
      minute(row.time),
      row.organization_id,
      row.slug,
      row.name,
      row.reason,
      String(row.rows),
      row.actor_id ?? row.actor_kind,
      row.client_ip ?? '',
      row.request_id ?? '',
    ])
    const headings = ['TIME', 'ORGANIZATION', 'SLUG', 'NAME', 'REASON', 'ROWS', 'BY', 'FROM', 'REQUEST']
    return { document: found, text: rows.length === 0 ? 'Nothing was removed.' : table(headings, rows) }
  },
})

async function all(pieces: AsyncIterable<string>): Promise<string> {
  let whole = ''
  for await (const piece of pieces) whole += piece
  return whole
}

const exporting = verb({
  summary: "Prints an organization's audit log: all of it as JSON lines, the last one signed, or as CSV.",
  flags: {
    org,
    format: optional(choice('format', auditFormats, 'jsonl when left out; only that can be verified.')),
  },
  run: async ({ org, format = 'jsonl' }): Promise<Answer> => {
    const { principal } = await actFor(org)
    const { pieces } = await exportAuditLogs(principal, { format })
    const document = async () => {
      const lines = (await all(pieces)).trimEnd().split('\n')
      return format === 'jsonl' ? lines.map((line) => JSON.parse(line) as unknown) : { csv: lines.join('\n') }
    }
    return { document, text: '', pieces }
  },
})

/** What was verified, in a sentence. */
function rangeOf({ organization_id, rows, first_seq, last_seq, signed_at, key_id }: AuditVerdict): string {
  const range = rows === 0 ? 'no rows' : `${count(rows, 'row')} (${first_seq} to ${last_seq})`
  const signed = signed_at === null ? '' : `, signed ${signed_at} with the key ${key_id}`
  return `${range} of ${organization_id ?? 'nobody'}${signed}`
}

function sentence(verdict: AuditVerdict): string {
  if (verdict.valid) return `Verified: ${rangeOf(verdict)}. No row was edited, removed or moved.`
  const faults = verdict.faults.map(({ message }) => `  ${message}`)
  return [`NOT as it was written: ${rangeOf(verdict)}.`, ...faults].join('\n')
}

const OWN_KEY =
  'The key is one of this Twig’s own. Somebody outside checks with --public-key (twig audit key shows it).'

function answerOf(verdict: AuditVerdict): Answer {
  return { document: verdict, text: sentence(verdict), exitCode: verdict.valid ? 0 : 1 }
}

/** Of all organizations one may be deleted before its turn comes. */
async function verifyIfThere(organizationId: string): Promise<AuditVerdict[]> {
  try {
    return [await verifyAuditLog(organizationId)]
  } catch (error) {
    if (error instanceof TwigError && error.code === 'not_found') return []
    throw error
  }
}

const verify = verb({
  summary:
    'Tells whether an audit log is as it was written: an export, or the database; exits 1 and names the row where it is not.',
  flags: {
    file: optional(text('file', 'An export as JSON lines. It is compared with the database as well.')),
    org: optional(org),
    'public-key': optional(
      text(
        'public-key',
        'With --file: believe this key alone, and ask no database (twig audit key shows it).',
      ),
    ),
  },
  check: ({ file, org, 'public-key': publicKey }) => {
    if (publicKey === undefined) return
    if (file === undefined) throw new UsageError('--public-key needs --file.')
    if (org?.startsWith('org_') === false) throw new UsageError('With --public-key, --org takes an id.')
  },
  needsNothing: ({ 'public-key': publicKey }) => publicKey !== undefined,
  run: async ({ file, org, 'public-key': publicKey }) => {
    if (file !== undefined) {
      const lines = readInputLines(file)
      const id = org === undefined || publicKey !== undefined ? org : (await findOrganization(org)).id
      const answer = answerOf(await verifyAuditExport({ lines, organizationId: id, publicKey }))
      if (publicKey !== undefined || answer.exitCode !== 0) return answer
      return { ...answer, text: `${answer.text}\n${OWN_KEY}` }
    }
    if (org !== undefined) return answerOf(await verifyAuditLog((await findOrganization(org)).id))
    const verdicts: AuditVerdict[] = []
    for (const { id } of await listOrganizations()) verdicts.push(...(await verifyIfThere(id)))
    const valid = verdicts.every((verdict) => verdict.valid)
    return {
      document: { valid, organizations: verdicts },
      text: verdicts.length === 0 ? 'There are no organizations yet.' : verdicts.map(sentence).join('\n'),
      exitCode: valid ? 0 : 1,
    }
  },
})

const key = verb({
  summary: 'Shows the public keys that exports are signed with, for whoever verifies them elsewhere.',
  flags: {},
  run: async () => {
    await signingKey()
    const keys = await listSigningKeys()
    const rows = keys.map(({ id, publicKey, createdAt }) => [id, minute(createdAt), publicKey])
    return {
      document: keys.map(({ id, publicKey, createdAt }) => {
        return { id, algorithm: 'Ed25519', public_key: publicKey, created_at: createdAt.toISOString() }
      }),
      text: table(['KEY', 'SINCE', 'PUBLIC KEY (Ed25519, base64 of the DER)'], rows),
    }
  },
})

export const auditVerbs = { list, export: exporting, verify, key, removals }

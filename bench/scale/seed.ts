import pg from 'pg'

/** How much is in a database, in rows. */
export interface Size {
  organizations: number
  people: number
  keys: number
  /** Of each: single requests, minutes, blocked attempts, the audit log, interactions. */
  rows: number
}

/** What stands where: half of everything is one organization's, and a fifth of all requests one key's. */
export const BIG = 'org_000000000000'
export const BUSY_KEY = 'key_000000000000'
/** A key of the big organization with next to nothing to its name. */
export const QUIET_KEY = 'key_quiet0000000'
export const PERSON = 'user_000000000000'
export const EMAIL = 'person0@example.com'
export const SESSION = 'sess_000000000000'
export const AGENT = 'agent_000000000000'
export const RARE_IP = '203.0.113.77'

const id = (prefix: string, number: string) => `'${prefix}_' || lpad((${number})::text, 12, '0')`

/** Half of the rows are the big organization's, the others go round. */
const owner = (size: Size) =>
  id('org', `CASE WHEN i % 2 = 0 THEN 0 ELSE 1 + (i / 2) % ${size.organizations - 1} END`)

/** So many, the last one now and the first one so many days ago. */
const spread = (count: number, days: number) =>
  `date_trunc('second', now()) - (${count} - 1 - i) * (interval '${days} days' / ${count})`

/**
 * The same, as much on each day in UTC: what today has of it lies between midnight and now, so that its partition is as
 * large as the others at any hour.
 */
function spreadOverDays(count: number, days: number): string {
  const at = `(i * ${days}::numeric / ${count})`
  const today = `date_trunc('day', now(), 'UTC')`
  const length = `CASE WHEN floor(${at}) = ${days - 1} THEN now() - ${today} ELSE interval '1 day' END`
  return `${today} - (${days - 1} - floor(${at})::int) * interval '1 day' + (${at} % 1)::float8 * (${length})`
}

const day = (time: string) => `(floor(extract(epoch FROM ${time}) / 86400))::int`
/** As lib/core/usage-counts.ts has it. */
const slot = (time: string) => `(${day(time)} % 32)::smallint`
const series = (count: number) => `generate_series(0, ${count - 1}) AS i`

const LATENCY = `'{"400": 3, "420": 1}'::jsonb`
const COUNTED = 'method, endpoint, scope, status, code, admitted, requests, latency'
const ENDPOINTS = `(ARRAY['/agents', '/agents/{id}', '/data-sources', '/query'])`

function people({ organizations, people: count }: Size): string[] {
  const size = { organizations } as Size
  return [
    `INSERT INTO organizations (id, slug, name, plan, interaction_retention_days, created_at)
     SELECT ${id('org', 'i')}, 'org-' || i, 'Organization ' || i, 'enterprise', CASE WHEN i % 100 = 1 THEN 390 END,
       ${spread(organizations, 400)} FROM ${series(organizations)}`,
    `INSERT INTO users (id, email, name, created_at)
     SELECT ${id('user', 'i')}, 'person' || i || '@example.com', 'Person ' || i, ${spread(count, 400)}
     FROM ${series(count)}`,
    `INSERT INTO passwords (user_id, hash) SELECT ${id('user', 'i')}, repeat('x', 60) FROM ${series(count)}`,
    `INSERT INTO memberships (organization_id, user_id, role, created_at)
     SELECT ${owner(size)}, ${id('user', 'i')},
       (CASE WHEN i <= ${2 * organizations} AND i <> 2 THEN 'owner' WHEN i % 3 = 0 THEN 'admin' ELSE 'member' END)::role,
       ${spread(count, 400)} FROM ${series(count)}`,
    `INSERT INTO sessions (id, user_id, organization_id, method, user_agent, client_ip, created_at, last_seen_at, ended_at)
     SELECT ${id('sess', 'i')}, ${id('user', 'i')}, ${owner(size)}, 'password', 'Mozilla/5.0', '192.0.2.' || i % 250,
       now() - interval '6 days', now() - i % 8640 * interval '1 minute', CASE WHEN i % 2 = 1 THEN now() END
     FROM ${series(count)}`,
    `INSERT INTO throttles (bucket, tokens, updated_at)
     SELECT 'sign-in:' || md5(i::text), 5, now() - i % 100 * interval '1 minute' FROM ${series(count)}`,
  ]
}

function keys(size: Size): string[] {
  const { keys: count, people: persons, organizations } = size
  const columns =
    'id, organization_id, name, environment, scopes, start, last4, secret_hash, created_by_id, created_at'
  const facts = `'Key', 'live', '{read}'::scope[], 'aaaa', 'zzzz', repeat('x', 60)`
  return [
    // All but those of some organizations have been reminded of, so that a turn of the chore is a turn as usual.
    `INSERT INTO api_keys (${columns}, last_used_at, revoked_at, reminded_at)
     SELECT ${id('key', 'i')}, ${owner(size)}, ${facts}, ${id('user', `i % ${persons}`)}, ${spread(count, 300)},
       now(), CASE WHEN i % 10 = 3 THEN now() END, CASE WHEN i % 1000 <> 5 THEN now() - interval '1 day' END
     FROM ${series(count)}`,
    `INSERT INTO api_keys (${columns})
     VALUES ('${QUIET_KEY}', '${BIG}', ${facts}, '${PERSON}', now())`,
    `INSERT INTO agents (id, organization_id, environment, name, instructions, model_source, data_source_ids,
       allow_fallback, created_by_id, created_at, updated_at)
     SELECT ${id('agent', 'i')}, ${owner(size)}, 'live', 'Agent ' || i, '', 'twig', '{}', false,
       ${id('user', `i % ${persons}`)}, ${spread(2 * organizations, 400)}, now()
     FROM ${series(2 * organizations)}`,
  ]
}

/** What is counted by time stands in the order in which it was counted, everybody's beside each other. */
function usage({ keys: count, rows, organizations }: Size): string[] {
  const each = Math.max(1, Math.floor(rows / count))
  const busyMinutes = Math.min(8 * 1440, Math.floor(rows / 20))
  const busyHalfHours = Math.min(8 * 48, Math.floor(rows / 20))
  const addresses = Math.min(1_000, Math.floor(rows / 100))
  const time = spreadOverDays(rows, 29)
  const halfHour = `to_timestamp(floor(extract(epoch FROM now()) / 1800) * 1800)`
  const key = `CASE WHEN i % 5 = 0 THEN ${id('key', '0')} ELSE ${id('key', `i % ${count}`)} END`
  return [
    `INSERT INTO usage_minutes (key_id, minute, ${COUNTED})
     SELECT ${id('key', 'k')}, date_trunc('minute', now()) - (m * 1151 + k * 7) % 11520 * interval '1 minute', 'GET',
       '/agents', 'read'::scope, 200, '', true, 4, ${LATENCY}
     FROM generate_series(1, ${count - 1}) AS k, generate_series(0, ${each - 1}) AS m
     UNION ALL
     SELECT '${BUSY_KEY}', date_trunc('minute', now()) - m * interval '1 minute', 'GET', ${ENDPOINTS}[e], 'read', 200, '',
       true, 4, ${LATENCY}
     FROM generate_series(0, ${busyMinutes - 1}) AS m, generate_series(1, 4) AS e ORDER BY 2`,
    `INSERT INTO usage_half_hours (key_id, half_hour, ${COUNTED})
     SELECT ${id('key', 'k')}, ${halfHour} - (m * 37 + k * 7) % 384 * interval '30 minutes', 'GET', '/agents',
       'read'::scope, 200, '', true, 4, ${LATENCY}
     FROM generate_series(1, ${count - 1}) AS k, generate_series(0, ${each - 1}) AS m
     UNION ALL
     SELECT '${BUSY_KEY}', ${halfHour} - h * interval '30 minutes', 'GET', ${ENDPOINTS}[e], 'read', 200, '', true, 120,
       ${LATENCY}
     FROM generate_series(0, ${busyHalfHours - 1}) AS h, generate_series(1, 4) AS e ORDER BY 2`,
    `INSERT INTO usage_addresses (organization_id, day, client_ip, requests, last_seen_at)
     SELECT ${id('org', 'o')}, current_date - d, '192.0.' || c / 250 || '.' || c % 250, 4, now() - d * interval '1 day'
     FROM generate_series(0, ${organizations - 1}) AS o, generate_series(0, 8) AS d,
       generate_series(1, CASE WHEN o = 0 THEN ${addresses} ELSE 1 END) AS c`,
    `INSERT INTO usage_days (key_id, day, method, endpoint, scope, status, code, admitted, requests, latency)
     SELECT ${id('key', 'k')}, current_date - d, 'GET', '/agents', 'read', 200, '', true, 4, ${LATENCY}
     FROM generate_series(0, ${count - 1}) AS k, generate_series(0, CASE WHEN k = 0 THEN 399 ELSE 1 END) AS d`,
    `INSERT INTO usage_callers (key_id, day, client_ip, user_agent, requests, last_seen_at)
     SELECT ${id('key', 'k')}, current_date - d, '192.0.2.' || c, 'curl', 4, now() - d * interval '1 day'
     FROM generate_series(0, ${count - 1}) AS k, generate_series(0, CASE WHEN k = 0 THEN 29 ELSE 0 END) AS d,
       generate_series(1, CASE WHEN k = 0 THEN 100 ELSE 1 END) AS c`,
    `INSERT INTO usage_batches (id, created_at)
     SELECT 'batch_' || lpad(i::text, 20, '0'), ${spread(rows / 10, 2)} FROM ${series(rows / 10)}`,
    `INSERT INTO api_requests (slot, id, time, organization_id, key_id, method, endpoint, path, status, code, admitted,
       latency_us, client_ip, user_agent)
     SELECT ${slot('time')}, ${id('req', 'i')}, time, '${BIG}', ${key}, 'GET', '/agents', '/agents', 200, '', true,
       900, '192.0.2.1', 'curl' FROM (SELECT i, ${time} AS time FROM ${series(rows)}) AS made`,
  ]
}

function records(size: Size): string[] {
  const { rows, keys: count, people: persons, organizations } = size
  const quiet = (each: string) => `CASE WHEN i % ${rows / 4} = 0 THEN '${QUIET_KEY}' ELSE ${each} END`
  return [
    `INSERT INTO access_logs (slot, id, time, organization_id, environment, reason, code, key_id, method, path, client_ip,
       user_agent, request_id)
     SELECT ${slot('time')}, ${id('block', 'i')}, time, ${owner(size)}, 'live',
       CASE WHEN i % ${rows / 4} = 0 THEN 'unknown_address' ELSE 'allowlist' END, 'ip_not_allowed',
       ${quiet(id('key', `i % ${count}`))}, 'GET', '/agents',
       CASE WHEN i % ${rows / 4} = 0 THEN '${RARE_IP}' ELSE '198.51.100.' || i % 250 END, 'curl', ${id('req', 'i')}
     FROM (SELECT i, ${spreadOverDays(rows, 29)} AS time FROM ${series(rows)}) AS made`,
    `INSERT INTO audit_logs (id, organization_id, seq, time, actor_kind, actor_id, action, target_id, after, request_id,
       previous_hash, hash)
     SELECT ${id('audit', 'i')}, organization, row_number() OVER (PARTITION BY organization ORDER BY i), time,
       CASE WHEN i % ${rows / 4} = 0 THEN 'operator' ELSE 'user' END, ${id('user', `i % ${persons}`)},
       CASE WHEN i % ${rows / 4} = 0 THEN 'plan.changed' ELSE 'agent.' || (ARRAY['created', 'replaced'])[1 + i / 2 % 2] END,
       ${id('agent', `i % ${2 * organizations}`)}, '{"name": "Agent"}', ${id('req', 'i')}, repeat('0', 64), repeat('0', 64)
     FROM (SELECT i, ${owner(size)} AS organization, ${spread(rows, 400)} AS time FROM ${series(rows)}) AS made`,
    `INSERT INTO audit_heads (organization_id, seq, hash)
     SELECT o.id, coalesce((SELECT max(seq) FROM audit_logs WHERE organization_id = o.id), 0), repeat('0', 64)
     FROM organizations AS o ON CONFLICT DO NOTHING`,
    `INSERT INTO interactions (id, organization_id, environment, agent_id, agent_name, session_id, key_id, user_id, kind,
       input, response, sources, latency_ms, status, created_at)
     SELECT ${id('int', 'i')}, ${owner(size)}, 'live', ${id('agent', `i % ${2 * organizations}`)}, 'Agent',
       ${id('sess', 'i / 4')}, ${quiet(`CASE WHEN i % 4 < 2 THEN ${id('key', `i % ${count}`)} END`)},
       CASE WHEN i % 4 >= 2 THEN ${id('user', `i % ${persons}`)} END, 'query', 'How do I ask for ' || i || '?',
       repeat('As it says in the manual. ', 6), '[]', 40,
       CASE WHEN i % ${rows / 4} = 0 THEN 'failed' ELSE 'succeeded' END, ${spread(rows, 400)}
     FROM ${series(rows)}`,
  ]
}

const EMPTY = `DO $$ BEGIN EXECUTE (
  SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') FROM pg_tables
  WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
); END $$`

/**
 * Empties a migrated database and fills it. Triggers and foreign keys stand aside meanwhile, so the chains of the audit log have
 * their places but no hashes that fit.
 * @param say told the first words of each statement, with seconds
 */
export async function seed(
  databaseUrl: string,
  size: Size,
  say: (line: string) => void = () => {},
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query(`SET session_replication_role = replica`)
    await client.query(EMPTY)
    for (const statement of [...people(size), ...keys(size), ...usage(size), ...records(size)]) {
      const began = performance.now()
      const { rowCount } = await client.query(statement)
      say(
        `${statement.slice(0, statement.indexOf('(')).trim()}: ${rowCount} rows, ${Math.round(performance.now() - began)} ms`,
      )
    }
    await client.query('VACUUM (ANALYZE)')
  } finally {
    await client.end()
  }
}

import pg from 'pg'
import { z } from 'zod'

/** One node of a plan, as EXPLAIN writes it in JSON; what is not named here is left out. */
interface Node {
  'Node Type': string
  'Relation Name'?: string | undefined
  'Index Name'?: string | undefined
  'Actual Rows'?: number | undefined
  'Actual Loops'?: number | undefined
  'Rows Removed by Filter'?: number | undefined
  'Rows Removed by Index Recheck'?: number | undefined
  Plans?: Node[] | undefined
}

const Node: z.ZodType<Node> = z.object({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Index Name': z.string().optional(),
  'Actual Rows': z.number().optional(),
  'Actual Loops': z.number().optional(),
  'Rows Removed by Filter': z.number().optional(),
  'Rows Removed by Index Recheck': z.number().optional(),
  get Plans() {
    return z.array(Node).optional()
  },
})

const Explained = z.object({ 'Query Text': z.string(), Plan: Node })

/** A statement as Postgres ran it. */
export interface Statement {
  sql: string
  ms: number
  /** Rows that it looked at in tables and indices, those that a filter then left out included. */
  rowsRead: number
  /** Scans, such as `Index Scan api_keys_pkey`, with how often each was begun. */
  scans: string[]
  /** Tables that were read from beginning to end, with their rows. */
  wholeTables: { table: string; rows: number }[]
}

function* nodesOf(node: Node): Generator<Node> {
  yield node
  for (const child of node.Plans ?? []) yield* nodesOf(child)
}

/** Rows of a scan over all its loops; the two parts of a bitmap scan are one. */
function readBy(node: Node): number {
  const type = node['Node Type']
  if (!type.endsWith('Scan') || /^(?:Bitmap Index|CTE|Subquery|Function|WorkTable|Values)/.test(type))
    return 0
  const each =
    (node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0)
  return Math.round(each * (node['Actual Loops'] ?? 1))
}

/** The 32 partitions of a table are one. */
const tableOf = (name: string) => name.replace(/^(api_requests|access_logs)_\d+/, '$1')

function statementOf(ms: number, { 'Query Text': sql, Plan }: z.infer<typeof Explained>): Statement {
  const nodes = [...nodesOf(Plan)].filter((node) => (node['Actual Loops'] ?? 0) > 0)
  const scans = new Map<string, number>()
  const whole = new Map<string, number>()
  for (const node of nodes) {
    const name = node['Index Name'] ?? node['Relation Name']
    if (!node['Node Type'].endsWith('Scan') || !name) continue
    const what = `${node['Node Type']} ${tableOf(name)}`
    scans.set(what, (scans.get(what) ?? 0) + (node['Actual Loops'] ?? 1))
    if (node['Node Type'] !== 'Seq Scan') continue
    const table = tableOf(node['Relation Name'] ?? '')
    whole.set(table, (whole.get(table) ?? 0) + readBy(node))
  }
  return {
    sql: sql.replaceAll(/\s+/g, ' ').trim(),
    ms,
    rowsRead: nodes.reduce((sum, node) => sum + readBy(node), 0),
    scans: [...scans].map(([what, times]) => (times === 1 ? what : `${what} ×${times}`)),
    wholeTables: [...whole].map(([table, rows]) => ({ table, rows })),
  }
}

/** Has Postgres tell every new connection to a database how it ran each statement, those of triggers included. */
export async function explainEverything(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const name = client.escapeIdentifier(new URL(databaseUrl).pathname.slice(1))
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_format': 'json',
    'auto_explain.log_level': 'notice',
    // Every look at the clock would be counted otherwise.
    'auto_explain.log_timing': 'off',
  }
  await client.query(`LOAD 'auto_explain'`)
  for (const [setting, value] of Object.entries(settings))
    await client.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`)
  await client.end()
}

let heard: Statement[] | undefined

function hear({ message = '' }: { message?: string | undefined }): void {
  const [, ms, json] = /^duration: ([\d.]+) ms {2}plan:\s*(\{.*\})\s*$/s.exec(message) ?? []
  if (ms && json) heard?.push(statementOf(Number(ms), Explained.parse(JSON.parse(json))))
}

/** Listens on every connection that this process opens from now on. */
export function listenToPlans(): void {
  const { connect } = pg.Client.prototype
  Object.assign(pg.Client.prototype, {
    connect(this: pg.Client, ...rest: unknown[]) {
      this.on('notice', hear)
      return Reflect.apply(connect, this, rest)
    },
  })
}

/** Does the work and returns the statements that it came to, in the order in which they ended. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  heard = []
  try {
    await work()
    return heard
  } finally {
    heard = undefined
  }
}

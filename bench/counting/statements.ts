/** A statement that a Twig sent, and over which of its connections. */
export interface Statement {
  connection: number
  sql: string
}

export interface StatementCount {
  all: number
  /** What records usage, in batches after the answers. */
  usage: number
  /** Of nothing but texts that an idle process sends as well. */
  background: number
  /** The remainder: what requests wait for. */
  other: number
  /** How often each text was sent. */
  byText: Record<string, number>
}

const BEGINS = /^\s*(?:begin|start transaction)\b/i
const ENDS = /^\s*(?:commit|end|rollback(?!\s+to))\b/i
/** Its tables, and when a key was last used. */
const USAGE = /\b(?:usage_[a-z]+|api_requests|api_keys SET last_used_at)\b/

/** Statements of one transaction together, each other one alone. */
function transactions(statements: readonly Statement[]): string[][] {
  const found: string[][] = []
  const open = new Map<number, string[]>()
  for (const { connection, sql } of statements) {
    const unit = open.get(connection) ?? []
    if (unit.length === 0) found.push(unit)
    unit.push(sql)
    if (BEGINS.test(sql)) open.set(connection, unit)
    else if (ENDS.test(sql)) open.delete(connection)
  }
  return found
}

/**
 * Sorts statements by why they were sent.
 * @param idle texts that a process sends without being asked anything
 */
export function countStatements(statements: readonly Statement[], idle: ReadonlySet<string>): StatementCount {
  const count: StatementCount = { all: 0, usage: 0, background: 0, other: 0, byText: {} }
  for (const unit of transactions(statements)) {
    const isBackground = unit.every((sql) => idle.has(sql))
    const kind = unit.some((sql) => USAGE.test(sql)) ? 'usage' : isBackground ? 'background' : 'other'
    for (const sql of unit) {
      count.all += 1
      count[kind] += 1
      count.byText[sql] = (count.byText[sql] ?? 0) + 1
    }
  }
  return count
}

import type { Machine } from '../machine'
import { markdownTable, readable } from '../table'
import type { Answer } from './ask'
import type { Size } from './seed'

/** Characters of a statement that tell which one it is. */
const SQL_SHOWN = 300
/** A table of so many rows may be read from beginning to end by anybody. */
const SMALL_TABLE = 1_000

/** Measured once, the same way, on the commit before the migration `hot_paths`; raw/scale-before.json has the plans. */
const BEFORE = `Before the migration \`hot_paths\` and what came with it ([raw/scale-before.json](raw/scale-before.json)), a
million rows took: the list of keys 100,003 rows and 221 ms, of members 100,051 and 69; a page of interactions far down
500,101 and 954, longer than a request may take; interactions of a key, of a person or failed 999,874 and 533 to 701; access
logs by key, address or reason up to 1,000,020 and 720, far down 258,653 and 464; the audit log by a kind of actor 1,000,011
and 308; the hourly sweep 2,906,578 rows and 17,376 ms.`

function wholeTables({ statements }: Answer): { table: string; rows: number }[] {
  return statements.flatMap((statement) => statement.wholeTables).filter(({ rows }) => rows > SMALL_TABLE)
}

/** Whether a path broke off, or looked at more rows than it may. */
export function isWrong({ failure, question: { rowsMax }, rowsRead }: Answer): boolean {
  return failure !== undefined || (rowsMax !== undefined && rowsRead > rowsMax)
}

function row(answers: readonly Answer[]): string[] {
  const last = answers.at(-1)
  if (!last) return []
  const { name, kind, rowsMax } = last.question
  const whole = [...new Set(wholeTables(last).map(({ table }) => table))]
  return [
    kind,
    name,
    String(last.statements.length),
    ...answers.map(({ rowsRead }) => readable(rowsRead)),
    ...answers.map(({ ms }) => ms.toFixed(1)),
    rowsMax === undefined ? 'counts' : readable(rowsMax),
    last.failure ?? (isWrong(last) ? 'too many' : ''),
    whole.join(', '),
  ]
}

const sizeText = ({ rows, keys, people, organizations }: Size) =>
  `${rows.toLocaleString('en')} rows of each log, ${keys.toLocaleString('en')} keys, ${people.toLocaleString('en')} people, ${organizations.toLocaleString('en')} organizations`

/** The whole of bench/SCALE.md. */
export function scaleText(
  sizes: readonly Size[],
  answers: readonly (readonly Answer[])[],
  machine: Machine,
  time: Date,
): string {
  const labels = sizes.map(({ rows }) => (rows >= 1_000_000 ? '1 M' : `${rows / 1000} k`))
  const headings = [
    ...['', 'path', 'statements'],
    ...labels.map((label) => `rows read, ${label}`),
    ...labels.map((label) => `ms in Postgres, ${label}`),
    ...['may read', 'wrong', 'whole tables'],
  ]
  const numeric = headings.map((_, column) => column >= 2 && column < headings.length - 2)
  const rows = (answers[0] ?? []).map((_, index) => row(answers.flatMap((ofSize) => ofSize[index] ?? [])))
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`)
  return `# Hot paths over a million rows

\`npm run bench -- scale\`, measured ${time.toISOString().slice(0, 16).replace('T', ' ')} UTC on

${facts.join('\n')}

${sizes.map((size, index) => `- ${labels[index]}: ${sizeText(size)}`).join('\n')}

${markdownTable(headings, rows, numeric)}

How to read it: each path is a verb of \`lib/domain\` as a request or a chore calls it, asked of a real PostgreSQL that said
how it ran each statement (auto_explain, those of triggers included), the second time it was asked. Half of all rows belong
to one organization, whose owner asks, and a fifth of all requests are one key's. \`rows read\` are all that scans looked
at in tables and indices, with those that a filter then left out. Chores that \`counts\` stands beside
look at a whole that has no bound; what may read a number of rows may read no more however many there are (a table of a few
hundred rows Postgres reads whole, so that fewer keys may cost more rows). \`whole tables\` were read from beginning to end
and have more than a thousand rows. A warm API call is not among these: it asks Postgres nothing. Every plan: [raw/scale.json](raw/scale.json).

${BEFORE}
`
}

/** What bench/raw keeps: each path with its statements, at each size. */
export function rawOf(sizes: readonly Size[], answers: readonly (readonly Answer[])[]) {
  return sizes.map((size, index) => ({
    size,
    paths: (answers[index] ?? []).map(({ question, ms, rowsRead, failure, statements }) => ({
      ...question,
      ms: Math.round(ms * 100) / 100,
      rowsRead,
      failure,
      statements: statements.map(({ sql, ...facts }) => ({ sql: sql.slice(0, SQL_SHOWN), ...facts })),
    })),
  }))
}

import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'

/** Of the passages that have a word of the question, the most that are compared. */
const HITS_MAX = 20_000
const CANDIDATES_MAX = 60
/** A word that no passage has weighs as much as one of medium rarity. */
const ABSENT_WEIGHT = 1
/** How much of the similarity the nearness of the words to one another decides. */
const DENSITY_SHARE = 0.25

/** A word of the question in the basic forms of one language; any of them will do. */
export type Term = readonly string[]

export interface Candidate {
  id: string
  documentId: string
  similarity: number
}

/** What one language's search found: candidates, best first, and in how many passages each term was. */
export interface Findings {
  candidates: Candidate[]
  counts: number[]
}

/** How many passages the sources have, by language. */
export async function passageCounts(dataSourceIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db().$queryRaw<Array<{ language: string; count: number }>>`
    select language, count(*)::int as count from chunks where data_source_id = any(${[...dataSourceIds]})
    group by language`
  return new Map(rows.map(({ language, count }) => [language, count]))
}

/** The basic forms of words in each language; none for a word that the language does not count, such as "the". */
export async function basicForms(
  languages: readonly string[],
  words: readonly string[],
): Promise<Map<string, Map<string, string[]>>> {
  const rows = await db().$queryRaw<Array<{ language: string; word: string; forms: string[] }>>`
    select language, word, tsvector_to_array(to_tsvector(config.oid::regconfig, word)) as forms
    from unnest(${[...languages]}::text[]) language
    join pg_ts_config config on config.cfgname = language
    cross join unnest(${[...words]}::text[]) word`
  const found = new Map<string, Map<string, string[]>>()
  for (const { language, word, forms } of rows) {
    const ofLanguage = found.get(language) ?? new Map<string, string[]>()
    found.set(language, ofLanguage.set(word, forms))
  }
  return found
}

/** A term as Postgres reads a query: quoted, so that no character of it means anything. */
const queryOf = (term: Term) => term.map((form) => `'${form.replaceAll(/['\\]/g, '')}'`).join(' | ')

/** The statement of a search, apart so that a test can have it explained. */
export function searchStatement(
  dataSourceIds: readonly string[],
  language: string,
  terms: readonly Term[],
  total: number,
): Prisma.Sql {
  const column = (name: string, index: number) => Prisma.raw(`${name}${index}`)
  const any = terms.map(queryOf).join(' | ')
  const matches = terms.map(
    (term, index) => Prisma.sql`(search_vector @@ ${queryOf(term)}::tsquery)::int as ${column('m', index)}`,
  )
  const counts = terms.map((_, index) => Prisma.sql`sum(${column('m', index)})::int as ${column('n', index)}`)
  const rarity = (index: number) => {
    const n = column('n', index)
    return Prisma.sql`(0.5 + ln(1 + (${total}::float8 - ${n} + 0.5) / (${n} + 0.5)) / ln(1 + (${total}::float8 + 0.5) / 0.5))`
  }
  const found = terms.map((_, index) => Prisma.sql`${column('m', index)} * ${rarity(index)}`)
  const asked = terms.map(
    (_, index) =>
      Prisma.sql`case when ${column('n', index)} = 0 then ${ABSENT_WEIGHT}::float8 else ${rarity(index)} end`,
  )
  const all = terms.map((_, index) => column('n', index))
  return Prisma.sql`
    with hits as materialized (
      select id, document_id, ts_rank_cd(search_vector, ${any}::tsquery, 32) as density, ${Prisma.join(matches)}
      from chunks
      where search_vector @@ ${any}::tsquery and data_source_id = any(${[...dataSourceIds]})
        and language = ${language}
      limit ${HITS_MAX}
    ), counts as (select ${Prisma.join(counts)} from hits)
    select id, document_id as "documentId", array[${Prisma.join(all)}] as counts,
      ((${Prisma.join(found, ' + ')}) / (${Prisma.join(asked, ' + ')})
        * (1 - ${DENSITY_SHARE}::float8 + ${DENSITY_SHARE}::float8 * density))::float8 as similarity
    from hits, counts
    order by similarity desc, id limit ${CANDIDATES_MAX}`
}

/** Looks for passages of one language that have any of the terms. */
export async function searchPassages(
  dataSourceIds: readonly string[],
  language: string,
  terms: readonly Term[],
  total: number,
): Promise<Findings> {
  if (terms.length === 0) return { candidates: [], counts: [] }
  const rows = await db().$queryRaw<Array<Candidate & { counts: number[] }>>(
    searchStatement(dataSourceIds, language, terms, total),
  )
  return {
    candidates: rows.map(({ id, documentId, similarity }) => ({ id, documentId, similarity })),
    counts: rows[0]?.counts ?? terms.map(() => 0),
  }
}

/** The passages themselves, with the documents that they are of, by id. */
export async function passagesOf(organizationId: string, ids: readonly string[]) {
  const rows = await db().chunk.findMany({
    where: { id: { in: [...ids] }, organizationId },
    select: { id: true, text: true, document: { select: { id: true, title: true, url: true } } },
  })
  return new Map(rows.map((row) => [row.id, row]))
}

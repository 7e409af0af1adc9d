import { distinctWords } from '../core/text-search'
import { nearlyEqual } from '../core/words'
import { db, inTransaction, type Transaction } from '../store/db'

/** Shorter words are not corrected, longer ones are seldom words. */
const LENGTH_MIN = 4
const LENGTH_MAX = 40
/** Of one document. */
const KEPT_MAX = 30_000
const BATCH = 5_000
const CANDIDATES_MAX = 60
const ALTERNATIVES_MAX = 4
/** How much of its trigrams a word must share with another to be looked at; swapped letters spoil many. */
const TRIGRAMS_SHARED = '0.2'
/** A word that begins with another, or the other way round: compounds, and endings that no dictionary knew. */
const STEM_MIN = 5

const isKept = (word: string) =>
  word.length >= LENGTH_MIN && word.length <= LENGTH_MAX && /^[\p{L}\p{M}]+$/u.test(word)

/** Keeps the words of a document for its source, in the transaction that writes its passages. */
export async function keepWords(
  tx: Transaction,
  dataSourceId: string,
  texts: readonly string[],
): Promise<void> {
  const found = new Set<string>()
  for (const text of texts) {
    for (const word of distinctWords(text)) if (isKept(word)) found.add(word)
    if (found.size >= KEPT_MAX) break
  }
  // In order, so that two that write the same words wait for one another instead of for ever.
  const words = [...found].sort()
  for (let start = 0; start < words.length; start += BATCH) {
    await tx.$executeRaw`
      insert into source_words (data_source_id, word)
      select ${dataSourceId}, word from unnest(${words.slice(start, start + BATCH)}::text[]) word
      on conflict do nothing`
  }
}

let hasTrigrams: Promise<boolean> | undefined

async function findTrigrams(): Promise<boolean> {
  const [row] = await db().$queryRaw<Array<{ exists: boolean }>>`
    select to_regclass('source_words_trigrams') is not null as exists`
  return row?.exists ?? false
}

/** Words of the sources that look like this one: by trigrams, or where Postgres has none by the first letter. */
async function candidates(dataSourceIds: readonly string[], word: string): Promise<string[]> {
  hasTrigrams ??= findTrigrams()
  const ids = [...dataSourceIds]
  const isIndexed = await hasTrigrams.catch((error: unknown) => {
    hasTrigrams = undefined
    throw error
  })
  if (!isIndexed) return candidatesByBeginning(ids, word)
  const rows = await inTransaction(async (tx) => {
    await tx.$queryRaw`select set_config('pg_trgm.similarity_threshold', ${TRIGRAMS_SHARED}, true)`
    return tx.$queryRaw<Array<{ word: string }>>`
      select distinct word, similarity(lower(word), ${word}) as likeness from source_words
      where lower(word) % ${word} and data_source_id = any(${ids})
      order by likeness desc, word limit ${CANDIDATES_MAX}`
  })
  return rows.map((row) => row.word)
}

/** Exported for its own test: every Postgres of ours has trigrams. */
export async function candidatesByBeginning(dataSourceIds: string[], word: string): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ word: string }>>`
    select distinct word from source_words
    where data_source_id = any(${dataSourceIds}) and left(word, 1) = ${[...word][0] ?? ''}
      and (length(word) between ${word.length - 2} and ${word.length + 2} or starts_with(word, ${word}))
    order by word limit 2000`
  return rows.map((row) => row.word)
}

function isMeant(word: string, candidate: string): boolean {
  const shorter = Math.min(word.length, candidate.length)
  const isPart = shorter >= STEM_MIN && (candidate.startsWith(word) || word.startsWith(candidate))
  return isPart || nearlyEqual(word, candidate)
}

/** What each of these words, which the sources do not have, may be meant for; a word without any is absent. */
export async function likelyWords(
  dataSourceIds: readonly string[],
  words: readonly string[],
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const word of words.filter(isKept)) {
    const meant = (await candidates(dataSourceIds, word)).filter((candidate) => isMeant(word, candidate))
    if (meant.length > 0) found.set(word, meant.slice(0, ALTERNATIVES_MAX))
  }
  return found
}

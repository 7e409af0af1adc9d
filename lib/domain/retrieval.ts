import type { Environment } from '../core/principal'
import { configurationFor, questionWords } from '../core/text-search'
import { languageOf } from '../store/document-reading'
import { ownDataSources } from './data-sources'
import { basicForms, type Candidate, passageCounts, passagesOf, searchPassages } from './passage-search'
import { likelyWords } from './source-words'

/** A passage that a question found. */
export interface Passage {
  chunkId: string
  documentId: string
  documentTitle: string
  documentUrl: string | null
  text: string
  /** How much of what was asked it holds, from 0 to 1. */
  similarity: number
}

/** Where to look. */
export interface RetrievalScope {
  organizationId: string
  environment: Environment
  dataSourceIds: readonly string[]
}

/** Of one document, unless there are too few others. */
const OF_ONE_DOCUMENT = 3
/** Less than this share of the best one's similarity is not worth quoting. */
const SHARE_OF_BEST = 0.3

/** A word of the question with what may be meant by it: itself, or what the sources have instead. */
type Wanted = Map<string, readonly string[]>

/**
 * The passages of the given data sources that answer a question best, best first. Sources of another organization or
 * environment are passed over. A passage needs to have only some of the question's words; rare ones count more. A word
 * that no passage has is taken for the most similar ones that they have.
 */
export async function retrieve(where: RetrievalScope, question: string, limit = 8): Promise<Passage[]> {
  const asked = questionWords(question)
  if (asked.length === 0 || limit < 1) return []
  const sources = await ownDataSources(where, where.dataSourceIds)
  if (sources.length === 0) return []
  const totals = await passageCounts(sources)
  const words = await tellingWords([...totals.keys()], asked, question)
  const itself: Wanted = new Map(words.map((word) => [word, [word]]))
  let { candidates, missing } = await search(sources, totals, itself)
  if (missing.length > 0) {
    const meant = await likelyWords(sources, missing)
    if (meant.size > 0) ({ candidates } = await search(sources, totals, new Map([...itself, ...meant])))
  }
  return choose(where.organizationId, candidates, limit)
}

/** Without those that say nothing in the question's own language, unless nothing else is left. */
async function tellingWords(
  languages: readonly string[],
  words: string[],
  question: string,
): Promise<string[]> {
  const own = configurationFor(languageOf(question))
  const forms = await basicForms([...new Set([...languages, own])], words)
  const telling = words.filter((word) => forms.get(own)?.get(word)?.length !== 0)
  return telling.length > 0 ? telling : words
}

/** Candidates of all languages, best first, and the words that no passage has. */
async function search(
  sources: readonly string[],
  totals: ReadonlyMap<string, number>,
  wanted: Wanted,
): Promise<{ candidates: Candidate[]; missing: string[] }> {
  const forms = await basicForms([...totals.keys()], [...new Set([...wanted.values()].flat())])
  const missing = new Set(wanted.keys())
  const candidates: Candidate[] = []
  for (const [language, total] of totals) {
    const known = forms.get(language)
    const terms = [...wanted].flatMap(([word, meant]) => {
      const term = [...new Set(meant.flatMap((one) => known?.get(one) ?? []))]
      if (term.length === 0) return []
      return [{ word, term }]
    })
    const found = await searchPassages(
      sources,
      language,
      terms.map(({ term }) => term),
      total,
    )
    candidates.push(...found.candidates)
    found.counts.forEach((count, index) => {
      if (count > 0) missing.delete(terms[index]?.word ?? '')
    })
  }
  candidates.sort((a, b) => b.similarity - a.similarity || (a.id < b.id ? -1 : 1))
  return { candidates, missing: [...missing] }
}

/** A few of each document first, so that one cannot drown the others; then whatever is best of the rest. */
function diverse(candidates: readonly Candidate[]): Candidate[] {
  const taken = new Map<string, number>()
  const [first, rest]: [Candidate[], Candidate[]] = [[], []]
  for (const candidate of candidates) {
    const count = (taken.get(candidate.documentId) ?? 0) + 1
    taken.set(candidate.documentId, count)
    if (count <= OF_ONE_DOCUMENT) first.push(candidate)
    else rest.push(candidate)
  }
  return [...first, ...rest]
}

async function choose(
  organizationId: string,
  candidates: readonly Candidate[],
  limit: number,
): Promise<Passage[]> {
  const least = (candidates[0]?.similarity ?? 0) * SHARE_OF_BEST
  const worth = diverse(candidates.filter(({ similarity }) => similarity >= least)).slice(0, limit * 2)
  const found = await passagesOf(
    organizationId,
    worth.map(({ id }) => id),
  )
  const texts = new Set<string>()
  const passages: Passage[] = []
  for (const { id, similarity } of worth) {
    const row = found.get(id)
    if (!row || texts.has(row.text) || passages.length === limit) continue
    texts.add(row.text)
    const { id: documentId, title: documentTitle, url: documentUrl } = row.document
    const rounded = Math.round(Math.min(1, similarity) * 1000) / 1000
    passages.push({
      chunkId: id,
      documentId,
      documentTitle,
      documentUrl,
      text: row.text,
      similarity: rounded,
    })
  }
  return passages.sort((a, b) => b.similarity - a.similarity)
}

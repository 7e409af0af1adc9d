import type { Excerpt } from './prompt'
import { nearlyEqual, words } from './words'

/** The model that needs no provider: it quotes. Deterministic; the same question and passages give the same answer. */
export const EXTRACTIVE_MODEL = 'twig-extractive'

export interface Extract {
  /** What to answer, a piece for each quotation. */
  pieces: string[]
  /** Places of the quoted passages in the list that was given, in the order of the quotations. */
  used: number[]
}

interface Sentence {
  passage: number
  text: string
  terms: ReadonlySet<string>
}

/** Of a question; whoever pastes a page as a question is not made a page's worth of work for. */
const TERMS_MAX = 40
const QUESTION_MAX_CHARS = 4_000
const QUOTES_MAX = 3
const QUOTE_MAX_CHARS = 500
/** Of a question's weight that a sentence must hold to be worth quoting, and to stand beside the best one. */
const LEAST_SCORE = 0.3
const BESIDE_BEST = 0.65
/** What a word counts in the title or in the sentence before, where pronouns point to. */
const NEARBY = 0.5
/** What a word counts that no sentence holds. */
const ABSENT = 0.5
/** What a misspelt word counts. */
const NEARLY = 0.7
/** Shorter ones are headings; what stands under them is meant. */
const HEADING_MAX_WORDS = 4

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' })

const MARKED = /^\s*(?:#{1,6}|[-*•>|]|\d+[.)])\s/
/** A line so long that does not end a sentence was wrapped. */
const WRAPPED = /^.{60,}[^.!?:;…]$/su

/** Lines as they were meant: what an editor wrapped is joined again. */
function linesOf(text: string): string[] {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    const last = lines.at(-1)
    const isGoingOn =
      last !== undefined && WRAPPED.test(last.trimEnd()) && line.trim() !== '' && !MARKED.test(line)
    if (isGoingOn) lines[lines.length - 1] = `${last.trimEnd()} ${line.trim()}`
    else lines.push(line)
  }
  return lines
}

function sentencesOf({ text }: Excerpt, passage: number): Sentence[] {
  return linesOf(text)
    .map((line) => line.replace(MARKED, ''))
    .flatMap((line) => [...sentences.segment(line)].map(({ segment }) => segment.trim()))
    .filter((sentence) => /\p{L}/u.test(sentence))
    .map((sentence) => ({ passage, text: sentence, terms: new Set(words(sentence)) }))
}

/** How much each word of the question says: what stands in every sentence says little, and what stands in none is a guess. */
function weights(question: readonly string[], all: readonly Sentence[]): Map<string, number> {
  return new Map(
    question.map((term) => {
      const holding = all.filter(({ terms }) => held(term, terms) > 0).length
      return [term, Math.log(1 + (all.length + 1) / (1 + holding)) * (holding === 0 ? ABSENT : 1)]
    }),
  )
}

function held(term: string, terms: ReadonlySet<string>): number {
  if (terms.has(term)) return 1
  for (const other of terms) if (nearlyEqual(term, other)) return NEARLY
  return 0
}

/** The part of the question's weight that a sentence holds; 0 for one that holds no word of it itself. */
function scoreOf(
  weight: ReadonlyMap<string, number>,
  own: ReadonlySet<string>,
  nearby: readonly ReadonlySet<string>[],
): number {
  let [score, whole, ofItself] = [0, 0, 0]
  for (const [term, weightOfTerm] of weight) {
    const inSentence = held(term, own)
    const around = inSentence > 0 ? 0 : Math.max(0, ...nearby.map((terms) => held(term, terms))) * NEARBY
    score += Math.max(inSentence, around) * weightOfTerm
    whole += weightOfTerm
    ofItself += inSentence
  }
  return ofItself === 0 || whole === 0 ? 0 : score / whole
}

function cut(text: string): string {
  return text.length > QUOTE_MAX_CHARS ? `${text.slice(0, QUOTE_MAX_CHARS - 1).trimEnd()}…` : text
}

/**
 * Answers a question by quoting the sentences that hold most of it; null when none holds enough.
 * @param passages best first
 */
export function extract(question: string, passages: readonly Excerpt[]): Extract | null {
  const asked = [...new Set(words(question.slice(0, QUESTION_MAX_CHARS)))].slice(0, TERMS_MAX)
  const titles = passages.map(({ title }) => new Set(words(title)))
  const all = passages.flatMap(sentencesOf)
  const weight = weights(asked, all)
  const scored = all.map((sentence, index) => {
    const before = all[index - 1]
    const nearby = [titles[sentence.passage], before?.passage === sentence.passage ? before.terms : undefined]
    const isHeading =
      sentence.text.split(/\s+/).length <= HEADING_MAX_WORDS && !/[.!?…:;,]/.test(sentence.text)
    const score = scoreOf(
      weight,
      sentence.terms,
      nearby.filter((terms) => terms !== undefined),
    )
    return { sentence, score: isHeading ? score * NEARBY : score }
  })
  const best = Math.max(0, ...scored.map(({ score }) => score))
  if (best < LEAST_SCORE) return null
  const seen = new Set<string>()
  const chosen = scored
    .filter(({ score }) => score >= Math.max(LEAST_SCORE, best * BESIDE_BEST))
    .toSorted((a, b) => b.score - a.score)
    // Sources hold the same sentence twice more often than one would think.
    .filter(({ sentence: { text } }) => !seen.has(text) && seen.add(text))
    .slice(0, QUOTES_MAX)
    .map(({ sentence }) => sentence)
  return {
    pieces: chosen.map(
      ({ text, passage }) => `From “${passages[passage]?.title.trim() ?? ''}”: “${cut(text)}”`,
    ),
    used: [...new Set(chosen.map(({ passage }) => passage))],
  }
}

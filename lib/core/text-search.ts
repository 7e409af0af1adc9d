/** Postgres' configurations of text search by language (ISO 639-1); `simple` for all others: words as they are. */
const CONFIGURATIONS = new Map(
  Object.entries({
    ar: 'arabic',
    ca: 'catalan',
    da: 'danish',
    de: 'german',
    el: 'greek',
    en: 'english',
    es: 'spanish',
    fi: 'finnish',
    fr: 'french',
    hi: 'hindi',
    hu: 'hungarian',
    it: 'italian',
    nb: 'norwegian',
    nl: 'dutch',
    no: 'norwegian',
    pt: 'portuguese',
    ro: 'romanian',
    ru: 'russian',
    sv: 'swedish',
    tr: 'turkish',
  }),
)
export const PLAIN_CONFIGURATION = 'simple'

/** The configuration for a language; a Postgres may lack it, and then has `simple`. */
export function configurationFor(language: string): string {
  return CONFIGURATIONS.get(language) ?? PLAIN_CONFIGURATION
}

/** Written without spaces between words: each character counts as one. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu

/**
 * A text as words are looked up in it: ligatures and widths made one, all that is neither letter nor digit taken away
 * (Postgres would find addresses, fractions and signs there, which no question repeats), scripts without spaces divided.
 */
export function searchForm(text: string): string {
  return text
    .normalize('NFKC')
    .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .replaceAll(UNSPACED, ' $& ')
}

const WORDS_MAX = 32
const WORD_LENGTH_MAX = 64
/** Of a question; what comes after is more likely its context. */
const QUESTION_LENGTH_MAX = 4_000

/** The different words of a text, in their order and in lower case. */
export function distinctWords(text: string): string[] {
  const words = searchForm(text).toLowerCase().split(/\s+/u)
  return [...new Set(words)].filter((word) => word !== '' && word.length <= WORD_LENGTH_MAX)
}

/** The different words of a question; of a long one the first. */
export function questionWords(question: string): string[] {
  return distinctWords(question.slice(0, QUESTION_LENGTH_MAX)).slice(0, WORDS_MAX)
}

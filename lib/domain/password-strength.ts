import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common'
import { TwigError } from '../core/errors'
import { countAttempt, strengthAttempt } from './throttle'

/** What zxcvbn looks at. Its time grows faster than the length, so the rest is left out of the judgement (not of the password). */
const JUDGED_LENGTH = 32
/** Readings of digits and signs as letters that zxcvbn tries; its default of 100 takes seven times as long on hostile input. */
const MOST_READINGS = 16
/** 3 of 4: more than 10^8 guesses, safe where attempts are slowed and hashes are costly. */
const LEAST_SCORE = 3
/** A word of one's own shorter than this says nothing. */
const LEAST_WORD = 3
/** More words than these, the telling ones first, would only make the judgement slow. */
const MOST_WORDS = 8
/** What must remain of a password without the words known about its owner. */
const LEAST_REST = 6

/** Who the password is for: the first things that someone would try. */
interface Owner {
  email: string
  name: string
}

let judge: ZxcvbnFactory | undefined

/** Parts before the wholes made of them: a password of the whole holds the parts too. */
function ownWords({ email, name }: Owner): string[] {
  const [local = '', domain = ''] = email.split('@')
  const parts = [name, local, domain].flatMap((whole) => whole.split(/[^\p{L}\p{N}]+/u).slice(0, MOST_WORDS))
  const words = ['twig', ...parts, name, local, domain, email]
  return [...new Set(words.map((word) => word.toLowerCase()))].filter((word) => word.length >= LEAST_WORD)
}

function withoutWords(password: string, words: string[]): string {
  const longestFirst = words.toSorted((a, b) => b.length - a.length)
  return longestFirst.reduce((rest, word) => rest.replaceAll(word, ''), password.toLowerCase())
}

/** Why the password is too easy to guess, in words for its owner; null when it is not. No rule about kinds of characters (A9). */
export function passwordWeakness(password: string, owner: Owner): string | null {
  judge ??= new ZxcvbnFactory({
    dictionary,
    graphs: adjacencyGraphs,
    maxLength: JUDGED_LENGTH,
    l33tMaxSubstitutions: MOST_READINGS,
  })
  const words = ownWords(owner)
  if (withoutWords(password, words).length < LEAST_REST) {
    return 'This is mostly your name or address. Choose words that nobody connects with you.'
  }
  const telling = words.slice(0, MOST_WORDS).map((word) => word.slice(0, JUDGED_LENGTH))
  const { score, feedback } = judge.check(password.slice(0, JUDGED_LENGTH), telling)
  if (score >= LEAST_SCORE) return null
  return `${reasons[feedback.warning ?? ''] ?? 'This is easy to guess.'} Four or more unrelated words make a good one.`
}

const reasons: Readonly<Record<string, string>> = {
  common: 'This is one of the most used passwords.',
  topTen: 'This is one of the ten most used passwords.',
  topHundred: 'This is one of the hundred most used passwords.',
  similarToCommon: 'This is close to a much used password.',
  simpleRepeat: 'The same character again and again is easy to guess.',
  extendedRepeat: 'A pattern that repeats is easy to guess.',
  sequences: 'A sequence such as abc or 6543 is easy to guess.',
  straightRow: 'Keys in a row are easy to guess.',
  keyPattern: 'A pattern on the keyboard is easy to guess.',
  recentYears: 'Years are easy to guess.',
  dates: 'Dates are easy to guess.',
  wordByItself: 'A single word is easy to guess.',
  namesByThemselves: 'Names are easy to guess.',
  commonNames: 'Common names are easy to guess.',
  userInputs: 'This holds too much of your name or address.',
  pwned: 'This password is known from a leak.',
}

/** Throws invalid_request, naming the field, when the password is too easy to guess. */
export function requireStrongPassword(password: string, owner: Owner, field: string): void {
  const message = passwordWeakness(password, owner)
  if (message) throw new TwigError('invalid_request', message, { details: { fields: { [field]: message } } })
}

/**
 * The same for whoever comes from outside: counted before it is judged, for a network or a signed-in person. Throws
 * too_many_failed_attempts, invalid_request.
 */
export async function judgeNewPassword(
  whose: string,
  password: string,
  owner: Owner,
  field: string,
): Promise<void> {
  await countAttempt(strengthAttempt(whose))
  requireStrongPassword(password, owner, field)
}

/** Words of which example values are made; a value of nothing but these, digits and punctuation was never a secret. */
const WORDS =
  /^(?:an?|and|any|api|at|base|bytes?|characters?|change|default|demo|dev|development|do|dummy|enter|example|for|gateway|generate|here|hmac|in|insecure|insert|it|jwt|key|least|local|long|longer|me|my|nextauth|not|now|of|only|openssl|or|password|passphrase|pepper|placeholder|please|production|prod|put|rand|random|replace|sample|secret|session|set|string|super|supersecret|test|testing|than|the|this|to|token|twig|use|value|very|with|your)+$/

/** Beginnings that mark a placeholder, whatever follows. */
const PLACEHOLDERS =
  /^(?:change[-_ ]?(?:me|this|it)|replace[-_ ]?(?:me|this|with)|your[-_ ]|dummy|example|placeholder|<)/i

/** Examples of well-known documentation, which people copy as they are. */
const PUBLISHED = new Set([
  'your-256-bit-secret',
  'qwertyuiopasdfghjklzxcvbnm123456',
  'thisisasecretthisisasecretthisis',
])

/**
 * Whether a value is one that documentation or habit supplies rather than a person or a generator: `changeme…`,
 * `secret-secret…`, `password123…`, one character over and over. Makes no guess at entropy.
 */
export function isKnownExample(value: string): boolean {
  const plain = value.trim().toLowerCase()
  if (PUBLISHED.has(plain) || PLACEHOLDERS.test(plain)) return true
  if (new Set(plain).size <= 1) return true
  // A word filled up to the length with one character counts as the word.
  const letters = plain.replace(/(.)\1{3,}/gu, '').replace(/[^a-z]/g, '')
  return letters !== '' && WORDS.test(letters)
}

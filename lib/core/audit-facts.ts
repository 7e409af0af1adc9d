import type { Json } from './canonical-json'

/** What the audit log keeps of a thing. */
export type Facts = { readonly [name: string]: Json | undefined }

/** What stands where a secret was. */
export const MASK = '[masked]'

const KEEPS_SECRETS =
  /(?:^|_)(?:pass(?:word|phrase|wd)?|secret|token|api_?key|private_?key|authorization|cookie|credentials?|verifier|otp|hash|digest|envelope|recovery_?codes?|assertion|sealed_\w+)$/

/**
 * Secrets by their look: Twig's keys, providers' keys and tokens, JWTs, private keys, sealed texts, bcrypt hashes, links.
 * Long enough that no word of an agent's instructions passes for one.
 */
const SECRETS = [
  /twigsk_(?:live|test)_[0-9A-Za-z]{20,}/g,
  /\bsk-[\w-]{16,}/g,
  /\b(?:xox[a-z]|xapp)-[\w-]{10,}/g,
  /\b(?:ya29\.|1\/\/)[\w./-]{20,}/g,
  /\b(?:ntn_|secret_|gh[opsu]_|AIza|GOCSPX-|AKIA)[\w-]{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /(?<=\b(?:Bearer|Basic)\s+)[\w+/=.~-]{20,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bv1\.[\w-]+\.[\w-]{16}\.[\w-]{20,}/g,
  /\$2[abxy]\$\d\d\$[./0-9A-Za-z]{53}/g,
  /(?<=\/(?:invite|reset|signup)\/)[0-9A-Za-z]{32}/g,
  /(?<=[a-z]:\/\/)[^@\s/?#]+(?=@)/gi,
  /(?<=[?&](?:code|token|access_token|refresh_token|id_token|client_secret|SAMLResponse)=)[^&\s#]+/gi,
]

/** Postgres keeps neither NUL nor half a character. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd').replaceAll(/\p{Cs}/gu, '\ufffd')
}

/** `clientSecret` as `client_secret`. */
function snakeCase(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}

function maskText(text: string): string {
  return SECRETS.reduce((rest, pattern) => rest.replace(pattern, MASK), storable(text))
}

function maskValue(value: Json): Json {
  if (typeof value === 'string') return maskText(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(maskValue)
  return maskFacts(value as Facts)
}

/** What is said of a secret is kept: whether there is one, and how many. */
function maskMember(value: Json): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  return MASK
}

/**
 * Facts for the audit log without anything secret: a text under a name that secrets have, and whatever looks like one
 * under any other. Whoever records a change leaves secrets out anyway; this is for the day when somebody forgets.
 */
export function maskFacts(facts: Facts): { [name: string]: Json } {
  const members = Object.entries(facts).flatMap(([name, value]): Array<[string, Json]> => {
    if (value === undefined) return []
    const isSecret = KEEPS_SECRETS.test(snakeCase(name))
    return [[maskText(name), isSecret ? maskMember(value) : maskValue(value)]]
  })
  return Object.fromEntries(members)
}

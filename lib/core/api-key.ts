import type { ErrorCode } from './errors'
import { equalStrings, type Hmac, toHex } from './hmac'
import { base62Of, randomBase62 } from './ids'
import type { Environment } from './principal'

/** The parts of a key of contract.md 4: `twigsk_` environment `_` id (12) secret (32) tag (8). */
export interface ParsedKey {
  /** `key_` and the id part: the row's primary key. */
  keyId: string
  environment: Environment
  /** The only part that is bcrypt-hashed. */
  secret: string
  tag: string
  /** All that the tag covers. */
  body: string
}

/** Public: the form of a key, for secret scanners and docs. */
export const KEY_PATTERN = 'twigsk_(live|test)_[0-9A-Za-z]{52}'

const KEY = /^twigsk_(live|test)_([0-9A-Za-z]{12})([0-9A-Za-z]{32})([0-9A-Za-z]{8})$/
const TAG_LENGTH = 8

/** Codes that the form of the header alone decides, before any arithmetic. */
export type HeaderFault = Extract<
  ErrorCode,
  'missing_authorization' | 'missing_bearer_prefix' | 'whitespace_in_key' | 'invalid_key_format'
>

/** Reads an Authorization header (RFC 6750 section 2.1; the scheme is case-insensitive, RFC 9110). */
export function parseAuthorization(header: string | null): ParsedKey | HeaderFault {
  if (header === null || header.trim() === '') return 'missing_authorization'
  if (/^\s*bearer\s*$/i.test(header)) return 'missing_authorization'
  const match = /^bearer (.*)$/is.exec(header)
  if (!match) return /^\s*bearer\s/i.test(header) ? 'whitespace_in_key' : 'missing_bearer_prefix'
  const credential = match[1] as string
  if (/\s/.test(credential)) return 'whitespace_in_key'
  return parseKey(credential) ?? 'invalid_key_format'
}

/** Reads a key, or null when it has not the form of one. The tag is not verified here. */
export function parseKey(key: string): ParsedKey | null {
  const match = KEY.exec(key)
  if (!match) return null
  const [, environment, id, secret, tag] = match as unknown as [string, Environment, string, string, string]
  return { keyId: `key_${id}`, environment, secret, tag, body: key.slice(0, -TAG_LENGTH) }
}

function tagOf(body: string, pepper: Hmac): string {
  return base62Of(pepper(body), TAG_LENGTH)
}

/** Whether the tag is ours: a truncated HMAC-SHA256 under TWIG_KEY_PEPPER. No I/O, so forged keys cost nothing else. */
export function verifyTag(key: ParsedKey, pepper: Hmac): boolean {
  return equalStrings(key.tag, tagOf(key.body, pepper))
}

/** The keyed digest that a cached entry holds in place of the secret. 64 hex digits. */
export function digestKey(key: ParsedKey, pepper: Hmac): string {
  return toHex(pepper(`digest:${key.body}`))
}

/** A new key and what of it may be stored or shown. */
export interface GeneratedKey {
  key: string
  keyId: string
  secret: string
  start: string
  last4: string
}

/** Makes a key of 71 random bits of id and 190 of secret. */
export function generateKey(environment: Environment, pepper: Hmac): GeneratedKey {
  const id = randomBase62(12)
  const secret = randomBase62(32)
  const body = `twigsk_${environment}_${id}${secret}`
  const tag = tagOf(body, pepper)
  return { key: body + tag, keyId: `key_${id}`, secret, start: id.slice(0, 4), last4: tag.slice(-4) }
}

/**
 * A text with the form and the tag of a key, for having it judged by its id. It opens nothing: its secret is no key's, and
 * it is handed to nobody.
 */
export function standInKey(keyId: string, environment: Environment, pepper: Hmac): string {
  const body = `twigsk_${environment}_${keyId.slice('key_'.length)}${'0'.repeat(32)}`
  return body + tagOf(body, pepper)
}

/** `twigsk_live_a1b2…wxyz`: enough to recognise a key by, too little to use. */
export function maskKey(environment: Environment, start: string, last4: string): string {
  return `twigsk_${environment}_${start}…${last4}`
}

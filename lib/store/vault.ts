import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { EncryptionKey } from '../env/variables'

const VERSION = 'v1'
const CIPHER = 'aes-256-gcm'
/** NIST SP 800-38D: 96 random bits, good for 2^32 messages under one key. */
const IV_BYTES = 12
const TAG_BYTES = 16

/** Where a sealed text belongs. It opens nowhere else. */
export interface SealedPlace {
  organizationId: string
  table: string
  row: string
  column: string
}

/** Unambiguous whatever the ids hold: a list in JSON has one reading. */
function additionalData(keyId: string, { organizationId, table, row, column }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([VERSION, keyId, organizationId, table, row, column]), 'utf8')
}

/** Base64url in its one canonical form: what decodes alike but is written otherwise is no envelope of ours. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) throw new Error('a sealed text is damaged')
  return bytes
}

/**
 * Encrypts a text with AES-256-GCM under the first key of the ring, bound to its place.
 * @returns `v1.<key id>.<iv>.<ciphertext and tag>`, the last two in base64url
 */
export function seal(ring: readonly EncryptionKey[], place: SealedPlace, text: string): string {
  const [first] = ring
  if (!first) throw new Error('the key ring is empty')
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, first.key, iv, { authTagLength: TAG_BYTES })
  cipher.setAAD(additionalData(first.id, place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [VERSION, first.id, iv.toString('base64url'), sealed.toString('base64url')].join('.')
}

/**
 * Opens what `seal` made for the same place with any key of the ring.
 * @throws Error, which quotes nothing, when the text was changed, belongs elsewhere, or its key is not in the ring
 */
export function unseal(ring: readonly EncryptionKey[], place: SealedPlace, envelope: string): string {
  const [version, keyId = '', iv = '', sealed = '', ...rest] = envelope.split('.')
  if (version !== VERSION || rest.length > 0) throw new Error('a sealed text has an unknown form')
  const key = ring.find(({ id }) => id === keyId)
  if (!key) throw new Error('a sealed text needs an encryption key that is not in TWIG_ENCRYPTION_KEYS')
  const [nonce, bytes] = [decode(iv), decode(sealed)]
  if (nonce.length !== IV_BYTES || bytes.length < TAG_BYTES) throw new Error('a sealed text is damaged')
  const decipher = createDecipheriv(CIPHER, key.key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(additionalData(keyId, place))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]).toString('utf8')
}

/** The id of the key that an envelope names, or null when it is no envelope. Says nothing of whether it opens. */
export function keyIdOf(envelope: string): string | null {
  const [version, keyId = '', ...rest] = envelope.split('.')
  return version === VERSION && rest.length === 2 ? keyId : null
}

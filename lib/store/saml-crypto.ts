import {
  constants,
  createDecipheriv,
  createHash,
  privateDecrypt,
  randomBytes,
  verify,
  X509Certificate,
} from 'node:crypto'
import type { Decrypt, EncryptedParts } from '../core/saml-encryption'
import type { SignatureAlgorithm } from '../core/saml-names'
import type { SignatureCrypto } from '../core/saml-signature'

const RSA_LEAST_BITS = 2048

/** What a person is shown of a certificate. */
export interface CertificateFacts {
  subject: string
  validFrom: Date
  validTo: Date
  /** SHA-256 in hex with colons, as consoles of identity providers show it. */
  fingerprint: string
}

/** The key of a certificate (base64 of its DER), or null where it is not one that signatures are judged by. */
function publicKeyOf(certificate: string, kind: SignatureAlgorithm['key']) {
  const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'))
  return publicKey.asymmetricKeyType === kind ? publicKey : null
}

/** Digests and signatures by node:crypto. */
export const samlCrypto: SignatureCrypto = {
  digest: (hash, text) => createHash(hash).update(text, 'utf8').digest('base64'),
  verify: (certificate, { key: kind, hash }, text, signature) => {
    const key = publicKeyOf(certificate, kind)
    if (!key) return false
    // XML signatures hold r and s side by side (RFC 6931, 2.3.6), not in DER.
    return verify(
      hash,
      Buffer.from(text, 'utf8'),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64'),
    )
  },
}

const GCM_IV_BYTES = 12
const GCM_TAG_BYTES = 16
const CBC_BLOCK_BYTES = 16

/** XML Encryption 5.2: the last byte tells how many to drop, the others of the padding may be anything. */
function paddingOf(bytes: Buffer): number | null {
  const padding = bytes.at(-1) ?? 0
  return padding >= 1 && padding <= CBC_BLOCK_BYTES ? padding : null
}

interface Opened {
  bytes: Buffer
  isGood: boolean
}

function decipher({ name }: EncryptedParts['cipher'], key: Buffer, bytes: Buffer): Opened {
  if (name === 'aes-128-gcm' || name === 'aes-256-gcm') {
    const iv = bytes.subarray(0, GCM_IV_BYTES)
    const opener = createDecipheriv(name, key, iv, { authTagLength: GCM_TAG_BYTES })
    opener.setAuthTag(bytes.subarray(-GCM_TAG_BYTES))
    const text = opener.update(bytes.subarray(GCM_IV_BYTES, -GCM_TAG_BYTES))
    return { bytes: Buffer.concat([text, opener.final()]), isGood: true }
  }
  const opener = createDecipheriv(name, key, bytes.subarray(0, CBC_BLOCK_BYTES)).setAutoPadding(false)
  const padded = Buffer.concat([opener.update(bytes.subarray(CBC_BLOCK_BYTES)), opener.final()])
  const padding = paddingOf(padded)
  return { bytes: padded.subarray(0, padded.length - (padding ?? 1)), isGood: padding !== null }
}

/** The content's key, or one of chance where it does not unwrap: going on with that takes as long and opens nothing. */
function unwrap(
  privateKey: string,
  { wrappedKey, cipher }: EncryptedParts,
): { key: Buffer; isGood: boolean } {
  try {
    const options = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
    const key = privateDecrypt(options, Buffer.from(wrappedKey, 'base64'))
    if (key.length === cipher.keyBytes) return { key, isGood: true }
  } catch {
    // Told apart from nothing that follows.
  }
  return { key: randomBytes(cipher.keyBytes), isGood: false }
}

/** Opens what was encrypted for a private key (PEM); null for whatever does not open, without saying why, in the same time. */
export function decryptWith(privateKey: string | null): Decrypt {
  return (parts) => {
    if (privateKey === null) return null
    const { key, isGood } = unwrap(privateKey, parts)
    try {
      const opened = decipher(parts.cipher, key, Buffer.from(parts.content, 'base64'))
      const text = new TextDecoder('utf-8', { fatal: true }).decode(opened.bytes)
      return isGood && opened.isGood ? text : null
    } catch {
      return null
    }
  }
}

/**
 * Reads a certificate.
 * @param text PEM, or base64 of the DER with or without line breaks
 * @returns base64 of the DER without line breaks, and what to show of it; in a sentence why it cannot be used
 */
export function readCertificate(text: string): { der: string; facts: CertificateFacts } | string {
  const base64 = text.replaceAll(/-----(?:BEGIN|END) CERTIFICATE-----|\s/g, '')
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'))
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
    if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < RSA_LEAST_BITS) {
      return `its RSA key has fewer than ${RSA_LEAST_BITS} bits`
    }
    if (asymmetricKeyType !== 'rsa' && asymmetricKeyType !== 'ec') return 'its key is neither RSA nor ECDSA'
    const facts = {
      subject: certificate.subject.replaceAll('\n', ', '),
      validFrom: new Date(certificate.validFrom),
      validTo: new Date(certificate.validTo),
      fingerprint: certificate.fingerprint256,
    }
    return { der: certificate.raw.toString('base64'), facts }
  } catch {
    return 'it is not a certificate in PEM or base64'
  }
}

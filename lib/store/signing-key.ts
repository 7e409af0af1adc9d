import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { nodeEnv } from '../env/node'
import type { ServiceKey } from '../generated/prisma/client'
import { db } from './db'
import { log } from './log'
import { placeOfServiceKey } from './saml-key'
import { seal, unseal } from './vault'

const PREFIX = 'audit_signing.'

/** The public part of a key of this Twig that signs exports (Ed25519, RFC 8032). */
export interface PublicSigningKey {
  /** The first 16 digits of the SHA-256 of its DER, in hex. */
  id: string
  /** Base64 of the DER (SubjectPublicKeyInfo, RFC 8410). */
  publicKey: string
  createdAt: Date
}

interface SigningKey extends PublicSigningKey {
  /** The signature over a text, base64. */
  sign(text: string): string
}

/** The id that a public key has. */
export function signingKeyId(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16)
}

function publicPartOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')
}

/** Whether the text was signed with the private part of this key. False for what is no key or no signature. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') return false
    return verify(null, Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}

/**
 * The key of a row; null unless its sealed private part opens and is that of the public one. Whoever can only write to the
 * database can put a row there, and seal nothing.
 */
function open({ id: row, certificate: publicKey, sealedKey, createdAt }: ServiceKey): SigningKey | null {
  try {
    const key = createPrivateKey(unseal(nodeEnv().secrets.encryptionKeys, placeOfServiceKey(row), sealedKey))
    if (publicPartOf(key) !== publicKey) throw new Error('the public part is of another key')
    const signText = (text: string) => sign(null, Buffer.from(text, 'utf8'), key).toString('base64')
    return { id: signingKeyId(publicKey), publicKey, createdAt, sign: signText }
  } catch {
    log().error({ key: row }, 'a key that signs exports does not open, or is not its own; it is not trusted')
    return null
  }
}

async function openKeys(): Promise<SigningKey[]> {
  const rows = await db().serviceKey.findMany({
    where: { id: { startsWith: PREFIX } },
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
    omit: { sealedKey: false },
  })
  return rows.map(open).filter((key) => key !== null)
}

/** Every key that this Twig signed with and can prove to be its own, the newest first. */
export async function listSigningKeys(): Promise<PublicSigningKey[]> {
  return (await openKeys()).map(({ id, publicKey, createdAt }) => ({ id, publicKey, createdAt }))
}

async function make(): Promise<void> {
  const pair = generateKeyPairSync('ed25519')
  const certificate = publicPartOf(pair.privateKey)
  const id = PREFIX + signingKeyId(certificate)
  const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const sealedKey = seal(nodeEnv().secrets.encryptionKeys, placeOfServiceKey(id), pem)
  await db().serviceKey.create({ data: { id, certificate, sealedKey } })
}

/**
 * The key that signs exports, the same for all servers of this Twig; made when first asked for, and made anew where none
 * opens any more. What older ones signed stays verifiable here for as long as they open, and anywhere by the public key.
 */
export async function signingKey(): Promise<SigningKey> {
  const [present] = await openKeys()
  if (present) return present
  await make()
  const [made] = await openKeys()
  if (!made) throw new Error('the key that signs exports vanished')
  return made
}

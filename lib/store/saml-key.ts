import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { nodeEnv } from '../env/node'
import { db } from './db'
import { log } from './log'
import { selfSigned } from './self-signed'
import { type SealedPlace, seal, unseal } from './vault'

const ID = 'saml_encryption'
const RSA_BITS = 2048

/** What identity providers encrypt for. */
export interface SamlKey {
  /** Base64 of the DER, as metadata holds it. */
  certificate: string
  /** PEM; null where no key of the ring opens it any more. */
  privateKey: string | null
}

const shared = globalThis as unknown as { twigSamlKey?: SamlKey }

/** Where the sealed private key of a row belongs: to no organization. */
export function placeOfServiceKey(id: string): SealedPlace {
  return { organizationId: 'twig', table: 'service_keys', row: id, column: 'sealed_key' }
}

function read({ certificate, sealedKey }: { certificate: string; sealedKey: string }): SamlKey {
  try {
    const ring = nodeEnv().secrets.encryptionKeys
    return { certificate, privateKey: unseal(ring, placeOfServiceKey(ID), sealedKey) }
  } catch {
    log().error('the key for encrypted SAML assertions cannot be decrypted any more')
    return { certificate, privateKey: null }
  }
}

function find() {
  return db().serviceKey.findUnique({ where: { id: ID }, omit: { sealedKey: false } })
}

/** Of several processes at once the first one’s stays. */
async function make(): Promise<void> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS })
  const { cert, key } = selfSigned({ kind: 'rsa', commonName: 'Twig', pair })
  const certificate = cert.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const sealedKey = seal(nodeEnv().secrets.encryptionKeys, placeOfServiceKey(ID), key)
  await db().serviceKey.createMany({ data: [{ id: ID, certificate, sealedKey }], skipDuplicates: true })
}

/** The key pair that assertions for this Twig are encrypted with, the same for all of its servers; made when first asked for. */
export async function samlKey(): Promise<SamlKey> {
  if (shared.twigSamlKey) return shared.twigSamlKey
  let row = await find()
  if (!row) {
    await make()
    row = await find()
  }
  if (!row) throw new Error('the key for encrypted SAML assertions vanished')
  const key = read(row)
  // One that does not open now may after the ring is mended.
  if (key.privateKey !== null) shared.twigSamlKey = key
  return key
}

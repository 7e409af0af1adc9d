import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

// Only as much of DER (X.690) as a certificate (RFC 5280, section 4.1) that nobody judges by its names needs.

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const OBJECT = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87
const tagged = (number: number) => 0xa0 + number

const ECDSA_WITH_SHA256 = '2a8648ce3d040302'
const RSA_WITH_SHA256 = '2a864886f70d01010b'
const NULL = 0x05
const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const object = (hex: string) => der(OBJECT, Buffer.from(hex, 'hex'))
const bytes = (tag: number, ...values: number[]) => der(tag, Buffer.from(values))
const text = (tag: number, value: string) => der(tag, Buffer.from(value))

interface SelfSignedOptions {
  kind?: 'ec' | 'rsa'
  /** In the form YYMMDDhhmmssZ, from 1950 to 2049. */
  notAfter?: string
  /** Of the subject. */
  commonName?: string
  /** Made beforehand, of that kind. */
  pair?: { publicKey: KeyObject; privateKey: KeyObject }
}

function keyPair(kind: 'ec' | 'rsa') {
  return kind === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** A certificate for localhost and 127.0.0.1, signed by itself, and its key, both in PEM. */
export function selfSigned(options: SelfSignedOptions = {}): { cert: string; key: string } {
  const { kind = 'ec', notAfter = '491231235959Z', commonName = 'localhost' } = options
  const { publicKey, privateKey } = options.pair ?? keyPair(kind)
  const algorithm =
    kind === 'ec'
      ? der(SEQUENCE, object(ECDSA_WITH_SHA256))
      : der(SEQUENCE, object(RSA_WITH_SHA256), der(NULL))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, object(COMMON_NAME), text(UTF8_STRING, commonName))))
  const validity = der(SEQUENCE, text(UTC_TIME, '200101000000Z'), text(UTC_TIME, notAfter))
  const names = der(SEQUENCE, text(DNS_NAME, 'localhost'), bytes(IP_ADDRESS, 127, 0, 0, 1))
  const extension = der(SEQUENCE, object(SUBJECT_ALT_NAME), der(OCTET_STRING, names))
  const toBeSigned = der(
    SEQUENCE,
    der(tagged(0), bytes(INTEGER, 2)),
    bytes(INTEGER, 1),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tagged(3), der(SEQUENCE, extension)),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = der(SEQUENCE, toBeSigned, algorithm, der(BIT_STRING, Buffer.from([0]), signature))
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n').trim()
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

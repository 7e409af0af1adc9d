import { inflateRawSync } from 'node:zlib'
import type { IConnectionAPIController, IOAuthController, JacksonOption } from '@boxyhq/saml-jackson'
import { TwigError } from '../core/errors'
import { type IdpMetadata, writeIdpMetadata } from '../core/saml-metadata'
import { SAML_RESPONSE_MAX_BYTES } from '../core/saml-response'
import { attributeOf, readXml } from '../core/xml-document'
import { withinBudget } from '../edge/budget'
import { nodeEnv } from '../env/node'
import { db } from './db'
import { nodeHmac, sha256 } from './hmac'
import { jacksonUrl, onNewStore, quietLogger } from './jackson-store'
import { log } from './log'
import { samlKey } from './saml-key'

const ACS_PATH = '/api/auth/saml/acs'
export const SP_METADATA_PATH = '/api/auth/saml/metadata'

/** The same for all: saml-jackson lets an entity id be of one tenant only, and whoever came first would keep it from others. */
const TENANT = 'twig'
/** Of connections with the same entity id that saml-jackson looks through. */
const PAGE_LIMIT = 10_000
const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
/** Leads nowhere: the code that it is given is taken from the answer, never from a browser. */
const CALLBACK_PATH = '/api/auth/saml/code'
/** saml-jackson asks for a connection again and again, and never gives up by itself. */
const OPEN_MS = 5_000
const CALL_MS = 2_500
const REQUEST_MAX_BYTES = 64 * 1024
const SECRET_LENGTH = 32
const TTL_SECONDS = 600

interface Jackson {
  connectionAPIController: IConnectionAPIController
  oauthController: IOAuthController
  close: () => Promise<void>
}

/** A SAML connection, as far as sending people there goes. */
export interface SamlConnection extends IdpMetadata {
  id: string
}

/** As what a connection is known to saml-jackson. */
interface Client {
  /** Digest of what it was told. */
  of: string
  id: string
  secret: string
}

// One for the process: opening it takes a second, and the modules of Next's bundles must see the same.
const shared = globalThis as unknown as {
  twigJackson?: Promise<Jackson>
  twigJacksonKnown?: Map<string, Client>
  twigJacksonClosings?: number
}

/** A stable secret of Twig's own: what saml-jackson seals with it are copies, which it is given again. */
function derived(purpose: string): string {
  const mac = nodeHmac(nodeEnv().secrets.keyPepper)(`twig:saml-jackson:${purpose}`)
  return Buffer.from(mac).toString('base64url').slice(0, SECRET_LENGTH)
}

/** Where there is no schema that the library may fill, it would try for ever. Throws sso_unavailable, saying what to do. */
async function requireSchema(): Promise<void> {
  const [row] = await db().$queryRaw<Array<{ ready: boolean | null }>>`
    SELECT has_schema_privilege(to_regnamespace('jackson')::oid, 'CREATE') AS ready`
  if (row?.ready) return
  const message =
    'SAML needs the schema "jackson" in Postgres: its owner creates it, for the user of DATABASE_URL.'
  log().error(message)
  throw new TwigError('sso_unavailable', message)
}

const inBase64 = (text: string) => Buffer.from(text).toString('base64')

function pemOf(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.replace(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n`
}

async function openJackson(): Promise<Jackson> {
  const { controllers } = await import('@boxyhq/saml-jackson')
  const { appUrl, databaseUrl, directDatabaseUrl } = nodeEnv()
  const { certificate, privateKey } = await requireSchema()
    .then(samlKey)
    .catch((error: unknown) => {
      throw error instanceof TwigError ? error : unavailable(error)
    })
  const options: JacksonOption = {
    externalUrl: appUrl,
    samlPath: ACS_PATH,
    samlAudience: spEntityId(),
    // Whether an answer that nobody asked for is taken is decided for each connection, before saml-jackson sees it.
    idpEnabled: true,
    clientSecretVerifier: derived('client secret'),
    noAnalytics: true,
    ssoTraces: { disable: true },
    // Its own would be another, and encrypted assertions are for ours.
    ...(privateKey === null
      ? {}
      : { certs: { publicKey: inBase64(pemOf(certificate)), privateKey: inBase64(privateKey) } }),
    openid: { redirectExactMatch: true },
    logger: quietLogger,
    db: {
      engine: 'sql',
      type: 'postgres',
      url: jacksonUrl(directDatabaseUrl ?? databaseUrl, CALL_MS),
      encryptionKey: derived('store'),
      ttl: TTL_SECONDS,
      cleanupLimit: 1000,
      pageLimit: PAGE_LIMIT,
    },
  }
  return onNewStore(TTL_SECONDS, () => controllers(options))
}

function unavailable(cause?: unknown): TwigError {
  return new TwigError('temporarily_unavailable', undefined, { cause })
}

/** saml-jackson, opened at the first use. Throws temporarily_unavailable where that takes too long, as without a database. */
async function jackson(): Promise<Jackson> {
  shared.twigJackson ??= opening()
  return withinBudget(shared.twigJackson, OPEN_MS, unavailable)
}

/** Forgotten where it fails, unless another was begun meanwhile. */
function opening(): Promise<Jackson> {
  const opened = openJackson().catch((error: unknown) => {
    if (shared.twigJackson === opened) shared.twigJackson = undefined
    throw error
  })
  return opened
}

/** Opens saml-jackson ahead of the first person, who would wait for it. Throws what the first use would throw. */
export async function openIdp(): Promise<void> {
  await jackson()
}

/** How often it was closed: what fails in between may be tried on a new one. */
function closings(): number {
  return shared.twigJacksonClosings ?? 0
}

/** Ends its connections, now or as soon as it has some; the next use opens new ones. */
export async function closeIdp(): Promise<void> {
  const open = shared.twigJackson
  shared.twigJackson = undefined
  shared.twigJacksonKnown = undefined
  shared.twigJacksonClosings = closings() + 1
  await withinBudget(open?.then(({ close }) => close()) ?? Promise.resolve(), CALL_MS, unavailable).catch(
    () => undefined,
  )
}

/** Our entity id, which is the audience of every assertion for us. */
export function spEntityId(): string {
  return nodeEnv().appUrl + SP_METADATA_PATH
}

/** Our assertion consumer service. */
export function acsUrl(): string {
  return nodeEnv().appUrl + ACS_PATH
}

/** Gives saml-jackson its copy of a connection unless it has it as it is. Returns as what it knows it. */
async function introduce({ id: product, ...metadata }: SamlConnection): Promise<Client> {
  shared.twigJacksonKnown ??= new Map()
  const known = shared.twigJacksonKnown
  const of = sha256(JSON.stringify([metadata.entityId, metadata.ssoUrl, metadata.certificates]))
  const found = known.get(product)
  if (found?.of === of) return found
  const { connectionAPIController } = await jackson()
  const redirect = nodeEnv().appUrl + CALLBACK_PATH
  const created = await within(
    connectionAPIController.createSAMLConnection({
      rawMetadata: writeIdpMetadata(metadata),
      defaultRedirectUrl: redirect,
      redirectUrl: [redirect],
      identifierFormat: UNSPECIFIED,
      tenant: TENANT,
      product,
    }),
  )
  const client = { of, id: created.clientID, secret: created.clientSecret }
  known.set(product, client)
  return client
}

/** The answer of a call. What saml-jackson throws itself has a status; anything else comes of its store. */
function within<T>(answer: Promise<T>): Promise<T> {
  return withinBudget(answer, CALL_MS, unavailable).catch((error: unknown) => {
    if (error instanceof TwigError || (error instanceof Error && 'statusCode' in error)) throw error
    throw unavailable(error)
  })
}

/** ID of the AuthnRequest in a redirect (SAML 2.0 Bindings 3.4.4). */
function requestIdOf(url: URL): string | undefined {
  const packed = Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')
  const xml = inflateRawSync(packed, { maxOutputLength: REQUEST_MAX_BYTES }).toString('utf8')
  return attributeOf(readXml(xml), 'ID')
}

/** Where to send the browser, and by what its answer will be known. */
interface Begun {
  url: string
  relay: string
  requestId: string
}

/** Begins a sign-in; on a new saml-jackson, once, where the one that it had was closed meanwhile. */
export async function beginSaml(connection: SamlConnection): Promise<Begun> {
  const before = closings()
  return begin(connection).catch((error: unknown) => {
    if (closings() === before) throw error
    return begin(connection)
  })
}

async function begin(connection: SamlConnection): Promise<Begun> {
  const client = await introduce(connection)
  const { oauthController } = await jackson()
  const { redirect_url: redirect = '' } = await within(
    oauthController.authorize({
      client_id: client.id,
      redirect_uri: nodeEnv().appUrl + CALLBACK_PATH,
      response_type: 'code',
      state: 'unused',
      code_challenge: '',
      code_challenge_method: '',
    }),
  )
  const url = new URL(redirect)
  const [relay, requestId] = [url.searchParams.get('RelayState'), requestIdOf(url)]
  if (!relay || !requestId) throw new Error('saml-jackson began no sign-in')
  return { url: url.href, relay, requestId }
}

/** Why the library refused, in words of ours: its own may quote the answer. */
export type LibraryVerdict = { ok: true; nameId: string | undefined } | { ok: false }

const NAME_ID = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier'

/**
 * Has saml-jackson judge an answer that the gate has let through: a second opinion by other code. Its authorization code is
 * exchanged at once, here, and known to nobody else; it would be good for more than one use.
 */
export async function finishSaml(
  connection: SamlConnection,
  answer: { encoded: string; relay: string | null },
): Promise<LibraryVerdict> {
  const client = await introduce(connection)
  const { oauthController } = await jackson()
  const unasked = answer.relay === null
  try {
    const { redirect_url: redirect } = await within(
      oauthController.samlResponse({
        SAMLResponse: answer.encoded,
        RelayState: answer.relay ?? '',
        ...(unasked ? { idp_hint: client.id } : {}),
      }),
    )
    const code = redirect ? new URL(redirect).searchParams.get('code') : null
    if (!code) return { ok: false }
    const { access_token: token } = await within(
      oauthController.token({
        code,
        grant_type: 'authorization_code',
        client_id: client.id,
        client_secret: client.secret,
        redirect_uri: nodeEnv().appUrl + CALLBACK_PATH,
      }),
    )
    const { raw } = await within(oauthController.userInfo(token))
    return { ok: true, nameId: (raw as Record<string, unknown>)[NAME_ID]?.toString() }
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error) return { ok: false }
    throw error
  }
}

/** The document in a posted form's field, or why there is none. SAML 2.0 Bindings 3.5.4. */
export function decodeSamlResponse(field: string): { xml: string } | 'too_large' | 'not_base64' | 'not_text' {
  if (field.length > SAML_RESPONSE_MAX_BYTES) return 'too_large'
  const base64 = field.replaceAll(/[ \t\r\n]/g, '')
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return 'not_base64'
  try {
    return { xml: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64')) }
  } catch {
    return 'not_text'
  }
}

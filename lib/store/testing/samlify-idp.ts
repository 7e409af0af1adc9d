import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { newId } from '../../core/ids'
import { type IdpKeys, makeIdpKeys } from './saml-idp'

// Node finds only some of the names that this CommonJS package exports.
const { Constants, IdentityProvider, SamlLib, ServiceProvider, setSchemaValidator } = createRequire(
  import.meta.url,
)('samlify') as typeof import('samlify')
const { namespace } = Constants
const COOKIE = 'idp_session'
const FIVE_MINUTES_MS = 5 * 60_000

/** Which parts of its answers the identity provider signs, or whether it encrypts the assertion that it signed. */
export type SamlShape = 'assertion' | 'response' | 'both' | 'encrypted'

interface SamlifyIdp {
  /** Its origin; it has `/metadata`, `/sso`, `/start` (IdP-initiated) and `/logout`. */
  url: string
  keys: IdpKeys
  metadata: () => string
  /** From now on, who signs in with which keys and in which shape. */
  behave: (change: { shape?: SamlShape; keys?: IdpKeys }) => void
  close: () => Promise<void>
}

// It checks documents against XML Schema by packages that are not here; what we send is tested elsewhere.
setSchemaValidator({ validate: () => Promise.resolve('skipped') })

function page(response: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  const html = `<!doctype html><html lang="en"><head><title>Example IdP</title></head><body><h1>Example IdP</h1>${body}</body></html>`
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...headers }).end(html)
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

const hidden = (name: string, value: string) =>
  `<input type="hidden" name="${name}" value="${escaped(value)}">`

/** samlify leaves the statement of how somebody signed in to its users (SAML 2.0 Core 2.7.2). */
const AUTHN_STATEMENT =
  '<saml:AuthnStatement AuthnInstant="{IssueInstant}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'

/** samlify knows these, though its types do not. */
const ENCRYPTION = {
  dataEncryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  keyEncryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
}

/** The page by which an answer goes to the service (SAML 2.0 Bindings 3.5): a form that sends itself. */
function sendOn(response: ServerResponse, acsUrl: string, fields: string, cookie: string | null): void {
  const form = `<form method="post" action="${escaped(acsUrl)}">${fields}<button>Go on</button></form>`
  const headers: Record<string, string> = cookie
    ? { 'Set-Cookie': `${COOKIE}=${encodeURIComponent(cookie)}; Path=/; HttpOnly` }
    : {}
  page(response, `${form}<script>document.forms[0].submit()</script>`, headers)
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let body = ''
  for await (const chunk of request) body += chunk
  return new URLSearchParams(body)
}

/** What the answer says of somebody; samlify's template has these holes. */
function tagsOf(
  email: string,
  {
    issuer,
    audience,
    acsUrl,
    requestId,
  }: Record<'issuer' | 'audience' | 'acsUrl', string> & { requestId?: string },
) {
  const [now, later] = [new Date(), new Date(Date.now() + FIVE_MINUTES_MS).toISOString()]
  return {
    ID: newId('req'),
    AssertionID: newId('req'),
    Destination: acsUrl,
    Audience: audience,
    SubjectRecipient: acsUrl,
    NameIDFormat: namespace.format.emailAddress,
    NameID: email,
    Issuer: issuer,
    IssueInstant: now.toISOString(),
    ConditionsNotBefore: now.toISOString(),
    ConditionsNotOnOrAfter: later,
    SubjectConfirmationDataNotOnOrAfter: later,
    StatusCode: namespace.statusCode.success,
    InResponseTo: requestId,
    attrEmail: email,
    attrName: email.slice(0, email.indexOf('@')),
  }
}

/**
 * A SAML identity provider that is not ours: npm samlify behind a login page, with keys of its own.
 * @param serviceMetadata the metadata of the Twig that it answers
 */
export async function startSamlifyIdp(serviceMetadata: () => Promise<string>): Promise<SamlifyIdp> {
  let [shape, keys]: [SamlShape, IdpKeys] = ['assertion', makeIdpKeys()]
  let origin = ''

  const ours = () =>
    IdentityProvider({
      entityID: `${origin}/metadata`,
      signingCert: keys.cert,
      privateKey: keys.key,
      isAssertionEncrypted: shape === 'encrypted',
      wantAuthnRequestsSigned: false,
      nameIDFormat: [namespace.format.emailAddress],
      requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
      ...ENCRYPTION,
      singleSignOnService: [
        { Binding: namespace.binding.redirect, Location: `${origin}/sso` },
        { Binding: namespace.binding.post, Location: `${origin}/sso` },
      ],
      loginResponseTemplate: {
        context: SamlLib.defaultLoginResponseTemplate.context.replace('{AuthnStatement}', AUTHN_STATEMENT),
        attributes: [
          {
            name: 'email',
            valueTag: 'email',
            nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
            valueXsiType: 'xs:string',
          },
          {
            name: 'name',
            valueTag: 'name',
            nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
            valueXsiType: 'xs:string',
          },
        ],
      },
    })

  async function theirs() {
    const metadata = await serviceMetadata()
    // The service's wish for signed assertions is samlify's only way of being told what to sign.
    const signsAssertion = shape !== 'response'
    const wish = metadata
      .replace(/ WantAssertionsSigned="\w+"/, '')
      .replace('<md:SPSSODescriptor', `<md:SPSSODescriptor WantAssertionsSigned="${signsAssertion}"`)
    return ServiceProvider({ metadata: wish, wantMessageSigned: shape === 'response' || shape === 'both' })
  }

  async function answerFor(
    email: string,
    relay: string,
    requestId: string | undefined,
    response: ServerResponse,
    cookie: string | null,
  ) {
    const [idp, sp] = [ours(), await theirs()]
    const acsUrl = `${sp.entityMeta.getAssertionConsumerService('post')}`
    const tags = tagsOf(email, {
      issuer: `${origin}/metadata`,
      audience: `${sp.entityMeta.getEntityID()}`,
      acsUrl,
      requestId,
    })
    const made = await idp.createLoginResponse(
      sp,
      { extract: { request: { id: requestId ?? '' } } },
      'post',
      { email },
      {
        customTagReplacement: (template: string) => ({
          id: tags.ID,
          context: SamlLib.replaceTagsByValue(template, tags),
        }),
        encryptThenSign: false,
      },
    )
    const fields = hidden('SAMLResponse', made.context) + (relay ? hidden('RelayState', relay) : '')
    sendOn(response, acsUrl, fields, cookie)
  }

  async function requestIdOf(packed: string): Promise<string> {
    const { extract } = await ours().parseLoginRequest(await theirs(), 'redirect', {
      query: { SAMLRequest: packed },
    })
    const request = extract.request as { id?: string } | undefined
    if (!request?.id) throw new Error('a request without ID')
    return request.id
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin)
    const [, known] = /idp_session=([^;]+)/.exec(request.headers.cookie ?? '') ?? []
    const given = request.method === 'POST' ? await formOf(request) : searchParams
    const [packed, relay] = [given.get('SAMLRequest') ?? '', given.get('RelayState') ?? '']
    const email = given.get('email') ?? (known ? decodeURIComponent(known) : null)
    if (pathname === '/metadata') {
      response.writeHead(200, { 'Content-Type': 'application/samlmetadata+xml' }).end(ours().getMetadata())
    } else if (pathname === '/start' && email) await answerFor(email, '', undefined, response, null)
    else if (pathname === '/logout')
      page(response, 'Logged out', { 'Set-Cookie': `${COOKIE}=; Path=/; Max-Age=0` })
    else if (pathname === '/sso' && email) {
      await answerFor(email, relay, await requestIdOf(packed), response, email)
    } else if (pathname === '/sso') {
      const fields = hidden('SAMLRequest', packed) + hidden('RelayState', relay)
      page(
        response,
        `<form method="post">${fields}<label>Account <input name="email"></label><button>Log in</button></form>`,
      )
    } else response.writeHead(404).end()
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: origin,
    get keys() {
      return keys
    },
    metadata: () => ours().getMetadata(),
    behave: (change) => {
      shape = change.shape ?? shape
      keys = change.keys ?? keys
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

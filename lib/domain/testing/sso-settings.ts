import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { newId } from '../../core/ids'
import type { Principal, Role, UserPrincipal } from '../../core/principal'
import { writeIdpMetadata } from '../../core/saml-metadata'
import { AddSsoConnectionInput } from '../../core/sso-schemas'
import { db } from '../../store/db'
import { type IdpKeys, makeIdpKeys } from '../../store/testing/saml-idp'
import { vouchForDomain } from '../domain-proofs'
import { addSsoConnection } from '../sso-connection-changes'
import { findConnection, noteTested, type SsoConnection, sealClientSecret } from '../sso-connections'
import { personOf, tenant } from './tenants'

/** Key pairs that the tests of a file share; each is made once. */
const pairs = new Map<string, IdpKeys>()

/** A certificate (base64 of its DER) by name. */
export function certificate(name: string, notAfter?: string): string {
  const pair = pairs.get(name) ?? makeIdpKeys(notAfter)
  pairs.set(name, pair)
  return pair.der
}

/** The form YYMMDDhhmmssZ of a time. */
export function utcTime(time: Date): string {
  return `${time.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`
}

/** A metadata document of an identity provider. */
export function metadataXml(
  changes: { entityId?: string; ssoUrl?: string; certificates?: string[] } = {},
): string {
  return writeIdpMetadata({
    entityId: 'https://idp.example.com/metadata',
    ssoUrl: 'https://idp.example.com/sso',
    certificates: [certificate('first')],
    ...changes,
  })
}

/** A server with an identity provider's documents: at `/metadata`, and discovery of two issuers, itself and `/tenant`. */
export interface IdpDocuments {
  url: string
  /** What `/metadata` answers: a document, now or later, or a status without one. */
  serve: (metadata: string | number | Promise<string>) => void
  /** Addresses that were asked for. */
  asked: string[]
  close: () => Promise<void>
}

/** Starts one on a free port of this machine. */
export async function startIdpDocuments(): Promise<IdpDocuments> {
  let metadata: string | number | Promise<string> = metadataXml()
  const asked: string[] = []
  const server = createServer(async (request, response) => {
    const { url: path = '' } = request
    asked.push(path)
    if (path === '/metadata') {
      const answer = await metadata
      return typeof answer === 'string' ? response.end(answer) : response.writeHead(answer).end()
    }
    if (!/^(?:\/tenant)?\/\.well-known\/openid-configuration$/.test(path))
      return response.writeHead(404).end()
    const issuer = url + path.slice(0, path.indexOf('/.well-known'))
    const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` }
    const document = { issuer, ...endpoints, jwks_uri: `${issuer}/jwks`, response_types_supported: ['code'] }
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    serve: (answer) => {
      metadata = answer
    },
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** An organization on Enterprise with people of each rank, and a domain of its own that the operator vouched for. */
export async function ssoTenant() {
  const { organization, operator } = await tenant('enterprise')
  const domain = `d${randomBytes(6).toString('hex')}.example`
  await vouchForDomain(operator, { domain })
  const join = (role: Role) => personOf(organization.id, role)
  /** A member with an address in the organization's domain. */
  const insider = async (role: Role): Promise<UserPrincipal & { email: string }> => {
    const person = await join(role)
    const email = `${person.userId.toLowerCase()}@${domain}`
    await db().user.update({ where: { id: person.userId }, data: { email }, select: { id: true } })
    return { ...person, email }
  }
  return { organization, operator, domain, join, insider }
}

/** A SAML connection from a document. */
export function addSaml(principal: Principal, changes: Record<string, unknown> = {}): Promise<SsoConnection> {
  const source = 'metadata_url' in changes ? {} : { metadata_xml: metadataXml() }
  return addSsoConnection(principal, AddSsoConnectionInput.parse({ kind: 'saml', ...source, ...changes }))
}

/** Says that a test passed on the connection as it is now. */
export async function passTest(organizationId: string, id: string): Promise<void> {
  await noteTested(await findConnection(organizationId, id), new Date())
}

/** The row of an OpenID Connect connection that nobody asked a provider about, written directly. Returns its id. */
export async function plantOidc(organizationId: string, clientSecret: string): Promise<string> {
  const id = newId('sso')
  const issuer = 'https://idp.example.com'
  const sealedClientSecret = sealClientSecret({ organizationId, id }, { issuer, clientSecret })
  const facts = { kind: 'oidc', provider: 'oidc', name: 'Planted', issuer, clientId: 'twig' }
  await db().ssoConnection.create({ data: { id, organizationId, ...facts, sealedClientSecret } })
  return id
}

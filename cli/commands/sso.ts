import { canonicalEmail } from '../../lib/core/email'
import { TwigError } from '../../lib/core/errors'
import type { OperatorPrincipal } from '../../lib/core/principal'
import { METADATA_MAX_BYTES } from '../../lib/core/saml-metadata'
import { AddSsoConnectionInput, ssoProviders } from '../../lib/core/sso-schemas'
import { listMembers } from '../../lib/domain/organizations'
import {
  activateSsoConnection,
  addSsoConnection,
  removeSsoConnection,
  setSsoPilots,
} from '../../lib/domain/sso-connection-changes'
import { listSsoConnections, type SsoConnection } from '../../lib/domain/sso-connections'
import { enforceSso, previewEnforcement, unenforceSso } from '../../lib/domain/sso-enforcement'
import { acsUrl, spEntityId } from '../../lib/store/idp'
import { oidcCallbackUrl } from '../../lib/store/oidc'
import { actFor, choice, optional, org, secret, text, toggle } from '../flags'
import { readInputFile } from '../input-file'
import { count, minute, plain, table } from '../output'
import { UsageError, verb } from '../verb'

const SECRET_FILE_MAX_BYTES = 4096

function documentOf(connection: SsoConnection) {
  return {
    id: connection.id,
    kind: connection.kind,
    provider: connection.provider,
    name: connection.name,
    active: connection.isActive,
    enforced: connection.enforcedAt !== null,
    enforced_at: connection.enforcedAt?.toISOString() ?? null,
    tested_at: connection.testedAt?.toISOString() ?? null,
    entity_id: connection.entityId,
    sso_url: connection.ssoUrl,
    certificates: connection.certificates.map(({ subject, validFrom, validTo, fingerprint }) => {
      return { subject, fingerprint, valid_from: validFrom.toISOString(), valid_to: validTo.toISOString() }
    }),
    metadata_url: connection.metadataUrl,
    metadata_problem: connection.metadataProblem,
    issuer: connection.issuer,
    client_id: connection.clientId,
    email_attribute: connection.emailAttribute,
    name_attribute: connection.nameAttribute,
    idp_initiated: connection.idpInitiated,
    pilot_user_ids: connection.pilotUserIds,
    created_at: connection.createdAt.toISOString(),
  }
}

/** What the identity provider must know of Twig. */
function ours(kind: SsoConnection['kind']) {
  return kind === 'saml'
    ? { acs_url: acsUrl(), sp_entity_id: spEntityId() }
    : { redirect_uri: oidcCallbackUrl() }
}

const sourceFlags = {
  'metadata-file': optional(text('metadata-file', "SAML: a file with the provider's metadata.")),
  'metadata-url': optional(
    text('metadata-url', "SAML: the address of the provider's metadata; it is looked at daily."),
  ),
  'oidc-discovery': optional(text('oidc-discovery', 'OpenID Connect: the issuer, or its discovery address.')),
  'client-id': optional(text('client-id', 'OpenID Connect: the client id.')),
  'client-secret': optional(
    secret('client-secret', 'OpenID Connect: the client secret; - reads it from standard input.'),
  ),
  'client-secret-file': optional(
    text('client-secret-file', 'OpenID Connect: a file with the client secret.'),
  ),
}

type Sources = { [name in keyof typeof sourceFlags]: string | undefined }

function requireOneSource(given: Sources): void {
  const sources = ['metadata-file', 'metadata-url', 'oidc-discovery'] as const
  if (sources.filter((name) => given[name] !== undefined).length !== 1)
    throw new UsageError(`Give one of ${sources.map((name) => `--${name}`).join(', ')}.`)
  const ofClient = ['client-id', 'client-secret', 'client-secret-file'] as const
  if (given['oidc-discovery'] === undefined) {
    const stray = ofClient.find((name) => given[name] !== undefined)
    if (stray) throw new UsageError(`--${stray} needs --oidc-discovery.`)
    return
  }
  if (given['client-id'] === undefined) throw new UsageError('--oidc-discovery needs --client-id.')
  if ((given['client-secret'] === undefined) === (given['client-secret-file'] === undefined))
    throw new UsageError('Give one of --client-secret, --client-secret-file.')
}

async function sourceOf(given: Sources): Promise<Record<string, unknown>> {
  const file = given['metadata-file']
  if (file !== undefined) return { kind: 'saml', metadata_xml: await readInputFile(file, METADATA_MAX_BYTES) }
  if (given['metadata-url'] !== undefined) return { kind: 'saml', metadata_url: given['metadata-url'] }
  const secretFile = given['client-secret-file']
  const fromFile =
    secretFile === undefined
      ? undefined
      : (await readInputFile(secretFile, SECRET_FILE_MAX_BYTES)).replace(/\r?\n$/, '')
  return {
    kind: 'oidc',
    discovery_url: given['oidc-discovery'],
    client_id: given['client-id'],
    client_secret: given['client-secret'] ?? fromFile,
  }
}

/** The schema's view of what was given. Throws invalid_request, naming the field and never quoting a value. */
function parsed(input: Record<string, unknown>): AddSsoConnectionInput {
  const result = AddSsoConnectionInput.safeParse(input)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new TwigError(
    'invalid_request',
    `${String(issue?.path[0] ?? 'input')}: ${issue?.message ?? 'is wrong'}.`,
  )
}

const add = verb({
  summary: "Adds a connection to an organization's identity provider; the first is the active one.",
  flags: {
    org,
    ...sourceFlags,
    provider: optional(choice('provider', ssoProviders, 'Which guide it follows.')),
    name: optional(text('name', 'What the connection is called.')),
    'email-attribute': optional(
      text('email-attribute', 'Where the e-mail address stands; the NameID when left out.'),
    ),
    'name-attribute': optional(text('name-attribute', "Where the person's name stands.")),
    'idp-initiated': toggle('SAML: takes answers that nobody asked for.'),
  },
  check: (given) => {
    requireOneSource(given)
    if (given['idp-initiated'] && given['oidc-discovery'] !== undefined)
      throw new UsageError('--idp-initiated is for SAML.')
  },
  run: async ({ org, provider, name, ...given }) => {
    const { principal } = await actFor(org)
    const more = {
      ...(provider === undefined ? {} : { provider }),
      ...(name === undefined ? {} : { name }),
      ...(given['email-attribute'] === undefined ? {} : { email_attribute: given['email-attribute'] }),
      ...(given['name-attribute'] === undefined ? {} : { name_attribute: given['name-attribute'] }),
      ...(given['idp-initiated'] ? { idp_initiated: true } : {}),
    }
    const made = await addSsoConnection(principal, parsed({ ...(await sourceOf(given)), ...more }))
    const settings = Object.entries(ours(made.kind)).map(([field, value]) => `${field}  ${value}`)
    const state = made.isActive ? 'active' : 'not active: another one is'
    return {
      document: { ...documentOf(made), ...ours(made.kind) },
      text: `Added ${plain(made.name)} (${made.id}, ${made.kind}); it is ${state}. The provider needs to know:\n\n${settings.join('\n')}`,
    }
  },
})

function stateOf({ isActive, enforcedAt, testedAt }: SsoConnection): string {
  const tested = testedAt ? `tested ${minute(testedAt)}` : 'not tested'
  return [isActive ? 'active' : 'not active', ...(enforcedAt ? ['enforced'] : []), tested].join(', ')
}

const list = verb({
  summary: "Shows an organization's connections.",
  flags: { org },
  run: async ({ org }) => {
    const { principal } = await actFor(org)
    const all = await listSsoConnections(principal)
    const rows = all.map((connection) => {
      const ends = connection.certificates.map(({ validTo }) => validTo.getTime())
      return [
        connection.id,
        connection.name,
        connection.kind,
        connection.entityId ?? connection.issuer ?? '',
        stateOf(connection),
        ends.length === 0 ? '' : minute(new Date(Math.max(...ends))),
        connection.metadataProblem ?? '',
      ]
    })
    const headings = ['ID', 'NAME', 'KIND', 'PROVIDER', 'STATE', 'CERTIFICATE UNTIL', 'METADATA']
    return {
      document: all.map(documentOf),
      text: rows.length === 0 ? 'It has no connections.' : table(headings, rows),
    }
  },
})

const argument = { placeholder: '<id>', required: false }

/** The connection that is meant: the one named, or the only one that fits. Throws not_found, conflict. */
async function chosen(
  principal: OperatorPrincipal,
  id: string,
  fits: (connection: SsoConnection) => boolean,
): Promise<string> {
  if (id !== '') return id
  const [only, ...more] = (await listSsoConnections(principal)).filter(fits)
  if (!only)
    throw new TwigError('not_found', 'The organization has no such connection; twig sso list shows them.')
  if (more.length === 0) return only.id
  throw new TwigError(
    'conflict',
    'There are several connections; name one by its id. twig sso list shows them.',
  )
}

const isActive = (connection: SsoConnection) => connection.isActive

const remove = verb({
  summary: 'Removes a connection; without an id the only one.',
  flags: { org },
  argument,
  run: async ({ org }, given) => {
    const { principal } = await actFor(org)
    const id = await chosen(principal, given, () => true)
    await removeSsoConnection(principal, { id })
    return { document: { id, removed: true }, text: `Removed ${id}.` }
  },
})

const activate = verb({
  summary: 'Sends people to this connection instead of the present one.',
  flags: { org },
  argument: { placeholder: '<id>', required: true },
  run: async ({ org }, id) => {
    const { principal } = await actFor(org)
    const connection = await activateSsoConnection(principal, { id, active: true })
    return { document: documentOf(connection), text: `People sign in through ${plain(connection.name)} now.` }
  },
})

const disable = verb({
  summary: 'Sends nobody to a connection any more; without an id the active one.',
  flags: { org },
  argument,
  run: async ({ org }, given) => {
    const { principal } = await actFor(org)
    const id = await chosen(principal, given, isActive)
    const connection = await activateSsoConnection(principal, { id, active: false })
    return { document: documentOf(connection), text: `${plain(connection.name)} is switched off.` }
  },
})

const pilots = verb({
  summary: 'Names the members who alone use a connection until it is enforced; none names everybody.',
  flags: { org, emails: text('emails', 'Addresses with commas between, or none.') },
  argument,
  run: async ({ org, emails }, given) => {
    const { principal } = await actFor(org)
    const id = await chosen(principal, given, isActive)
    const members = await listMembers(principal)
    const words = emails === 'none' ? [] : emails.split(',')
    const userIds = words.map((word) => {
      const member = members.find(({ email }) => email === canonicalEmail(word))
      if (!member) throw new TwigError('not_found', 'One of the addresses is no member’s.')
      return member.userId
    })
    const connection = await setSsoPilots(principal, { id, userIds })
    const text =
      userIds.length === 0 ? 'Everybody may use it.' : `${count(userIds.length, 'pilot user')} may use it.`
    return { document: documentOf(connection), text }
  },
})

const enforce = verb({
  summary:
    'Makes SSO the only way in for the verified domains and ends other sessions, once a test has passed.',
  flags: { org },
  argument,
  run: async ({ org }, given) => {
    const { principal } = await actFor(org)
    const id = await chosen(principal, given, isActive)
    const { members } = await previewEnforcement(principal, { id })
    const { connection, ended } = await enforceSso(principal, { id })
    const hasWayIn = members.some(({ keepsPassword }) => keepsPassword)
    const warning = `No owner has proved a password: when the provider is down, nobody comes in until twig sso unenforce --org ${org}.`
    return {
      document: { ...documentOf(connection), members: members.length, sessions_ended: ended },
      text: `SSO is enforced for ${count(members.length, 'member')}; ${count(ended, 'session')} ended.`,
      ...(hasWayIn ? {} : { warning }),
    }
  },
})

const unenforce = verb({
  summary: 'Lets passwords and social sign-in in again.',
  flags: { org },
  argument,
  run: async ({ org }, given) => {
    const { principal } = await actFor(org)
    const id = await chosen(principal, given, isActive)
    const connection = await unenforceSso(principal, { id })
    return { document: documentOf(connection), text: 'SSO is not enforced; passwords open again.' }
  },
})

export const ssoVerbs = { add, list, remove, activate, disable, pilots, enforce, unenforce }

import { randomBytes } from 'node:crypto'
import { hash } from '@node-rs/bcrypt'
import { generateKey } from '../../core/api-key'
import { newId } from '../../core/ids'
import type { Environment, Scope } from '../../core/principal'
import { ORGANIZATION_PER_MINUTE_MAX, PER_MINUTE_MAX } from '../../core/rate-limits'
import { addAllowlistRange } from '../../domain/allowlist-changes'
import { setLimit } from '../../domain/plans'
import { plantExternalKey } from '../../domain/testing/external-keys'
import { plantKey } from '../../domain/testing/keys'
import { personOf, tenant } from '../../domain/testing/tenants'
import { nodeEnv } from '../../env/node'
import { db } from '../../store/db'
import { nodeHmac } from '../../store/hmac'
import { type Ids, invitee, type Kind, type ScopeSet } from './authorization-table'

const SCOPES: Record<string, Scope> = { r: 'read', w: 'write', x: 'execute', a: 'admin' }
export const ENVIRONMENTS = ['live', 'test'] as const

/** An organization with one thing of each kind in each environment. */
export interface Home {
  organizationId: string
  ids: Record<Environment, Ids>
}

/** Makes one thing in an organization, written directly. */
export async function plant(
  kind: Kind,
  organizationId: string,
  environment: Environment,
  source: string,
): Promise<string> {
  const place = { organizationId, environment }
  switch (kind) {
    case 'agent': {
      const model = { instructions: '', modelSource: 'twig', allowFallback: false }
      return (await db().agent.create({ data: { id: newId('agent'), name: 'Planted', ...place, ...model } }))
        .id
    }
    case 'source':
      return (
        await db().dataSource.create({
          data: { id: newId('ds'), name: 'Planted', kind: 'text', status: 'ready', ...place },
        })
      ).id
    case 'document': {
      const facts = { title: 'Planted', mediaType: 'text/plain', size: 1, status: 'ready' }
      const data = { id: newId('doc'), organizationId, dataSourceId: source, ...facts }
      return (await db().document.create({ data })).id
    }
    case 'interaction': {
      const facts = { agentId: 'agent_1', agentName: 'A', sessionId: 'sess_1', kind: 'query', input: 'x' }
      const rest = { sources: [], latencyMs: 1, status: 'succeeded' }
      return (await db().interaction.create({ data: { id: newId('int'), ...place, ...facts, ...rest } })).id
    }
    case 'key':
      return (await plantKey(organizationId, { environment })).id
    case 'external':
      return plantExternalKey(organizationId)
    case 'member':
      return (await personOf(organizationId, 'member')).userId
    case 'range': {
      const cidr = `2001:db8:1::${randomBytes(2).toString('hex')}/128`
      const data = { id: newId('range'), organizationId, cidr, description: 'Planted' }
      return (await db().allowlistRange.create({ data })).id
    }
    case 'invitation': {
      const data = { id: newId('inv'), organizationId, email: invitee().email, role: 'viewer' as const }
      const times = {
        tokenDigest: randomBytes(16).toString('hex'),
        expiresAt: new Date(Date.now() + 86_400_000),
      }
      return (await db().invitation.create({ data: { ...data, ...times } })).id
    }
  }
}

/** A source that says it is connected; no token is there, and no provider is asked. */
export async function plantConnected(organizationId: string): Promise<string> {
  const place = { organizationId, environment: 'live' as const }
  const { id: dataSourceId } = await db().dataSource.create({
    data: { id: newId('ds'), name: 'Planted', kind: 'google_drive', status: 'connected', ...place },
  })
  const account = { accountId: newId('user'), accountName: 'Planted' }
  await db().connection.create({
    data: {
      ...{ id: newId('conn'), organizationId, dataSourceId, ...account },
      ...{ provider: 'google_drive', state: 'connected', connectedAt: new Date() },
    },
  })
  await db().sourceSync.create({ data: { dataSourceId, organizationId } })
  return dataSourceId
}

const KINDS: readonly Kind[] = [
  'agent',
  'source',
  'document',
  'interaction',
  'key',
  'external',
  'member',
  'invitation',
  'range',
]

export async function makeHome(): Promise<Home> {
  const { organization, operator } = await tenant('enterprise')
  for (const scope of Object.values(SCOPES))
    await setLimit(operator, scope, PER_MINUTE_MAX, ORGANIZATION_PER_MINUTE_MAX)
  await addAllowlistRange(operator, { cidr: '127.0.0.0/8', description: '', force: true })
  const ids = { live: {} as Ids, test: {} as Ids }
  for (const environment of ENVIRONMENTS) {
    for (const kind of KINDS)
      ids[environment][kind] = await plant(kind, organization.id, environment, ids[environment].source)
  }
  return { organizationId: organization.id, ids }
}

/** A key that works, hashed at the least cost that bcrypt allows. */
export async function mint(organizationId: string, environment: Environment, set: ScopeSet): Promise<string> {
  const pepper = nodeHmac(nodeEnv().secrets.keyPepper)
  const { key, keyId, secret, start, last4 } = generateKey(environment, pepper)
  const scopes = [...set].flatMap((letter) => SCOPES[letter] ?? [])
  await plantKey(organizationId, {
    id: keyId,
    environment,
    scopes,
    start,
    last4,
    secretHash: await hash(secret, { cost: 4 }),
  })
  return key
}

/** Everything of an organization that the API could change. */
export async function snapshot({ organizationId }: Home): Promise<string> {
  const where = { organizationId }
  return JSON.stringify([
    await db().organization.findUnique({ where: { id: organizationId } }),
    await db().agent.findMany({ where, orderBy: { id: 'asc' } }),
    await db().dataSource.findMany({ where, orderBy: { id: 'asc' } }),
    await db().document.findMany({ where, orderBy: { id: 'asc' } }),
    await db().interaction.findMany({ where, orderBy: { id: 'asc' } }),
    await db().apiKey.findMany({ where, orderBy: { id: 'asc' } }),
    await db().externalKey.findMany({ where, orderBy: { id: 'asc' } }),
    await db().membership.findMany({ where, orderBy: { userId: 'asc' } }),
    await db().invitation.findMany({ where, orderBy: { id: 'asc' } }),
    await db().allowlistRange.findMany({ where, orderBy: { id: 'asc' } }),
    await db().auditLog.count({ where }),
  ])
}

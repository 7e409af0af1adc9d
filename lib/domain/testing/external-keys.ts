import { randomBytes } from 'node:crypto'
import { CreateExternalKeyInput } from '../../core/external-key-schemas'
import { newId } from '../../core/ids'
import { setEnvironment } from '../../env/testing/environment'
import { db } from '../../store/db'
import { type ModelServer, startModelServer } from '../../store/testing/model-server'
import { sealExternalKey } from '../external-keys'
import { auditOf, keyOf, tenant } from './tenants'

/** The row of a key that nobody has tested, written directly. */
export async function plantExternalKey(
  organizationId: string,
  apiKey = `sk-${randomBytes(12).toString('hex')}`,
  endpoint: string | null = null,
): Promise<string> {
  const id = newId('ext')
  const provider = endpoint === null ? 'openai' : 'custom'
  const sealedKey = sealExternalKey({ organizationId, id }, { endpoint, apiKey })
  const facts = { name: 'Planted', last4: apiKey.slice(-4), health: 'ok' }
  await db().externalKey.create({ data: { id, organizationId, provider, endpoint, sealedKey, ...facts } })
  return id
}

/** What stands in the column. */
export async function envelopeOf(id: string): Promise<string> {
  return (await db().externalKey.findUniqueOrThrow({ where: { id }, select: { sealedKey: true } })).sealedKey
}

/** Writes into the column, as whoever has the database can. */
export async function putEnvelope(id: string, sealedKey: string): Promise<void> {
  await db().externalKey.update({ where: { id }, data: { sealedKey } })
}

/** A key for the ring, as TWIG_ENCRYPTION_KEYS writes it. */
export function ringKey(id: string): string {
  return `${id}:${randomBytes(32).toString('base64')}`
}

/** Sets the ring of this process until restoreEnvironment; the first seals. */
export function setRing(...keys: string[]): string {
  const ring = keys.join(',')
  setEnvironment({ TWIG_ENCRYPTION_KEYS: ring })
  return ring
}

/** A key that the model server of modelWorld takes; it takes this one with `-next` at its end as well. */
export const GOOD_KEY = 'sk-good-1234567890-abcd'

/** A server that stands for every provider, for the tests of one file. */
export function modelWorld() {
  let server: ModelServer | undefined
  const running = () => {
    if (!server) throw new Error('the model server does not run')
    return server
  }
  return {
    server: running,
    /** Before each test: everything well, nothing asked yet. */
    begin: async () => {
      server ??= await startModelServer({ keys: [GOOD_KEY, `${GOOD_KEY}-next`] })
      server.behave('ok')
      server.calls.length = 0
      setEnvironment({
        OPENAI_BASE_URL: `${server.url}/v1`,
        ANTHROPIC_BASE_URL: `${server.url}/v1`,
        TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8',
      })
    },
    end: () => server?.close(),
    /** A form filled in for OpenAI, with changes. */
    input: (changes: Partial<CreateExternalKeyInput> = {}) =>
      CreateExternalKeyInput.parse({ provider: 'openai', api_key: GOOD_KEY, ...changes }),
    custom: () =>
      CreateExternalKeyInput.parse({
        provider: 'custom',
        api_key: GOOD_KEY,
        endpoint: `${running().url}/v1`,
      }),
  }
}

/** An organization and a key that may do everything in it. */
export async function keyOwner() {
  const { organization } = await tenant()
  return { organizationId: organization.id, admin: keyOf(organization.id, ['admin']) }
}

/** What the audit log says of the organization's external keys, oldest first. */
export async function historyOfKeys(organizationId: string) {
  const rows = await auditOf(organizationId)
  return rows.filter(({ action }) => action.startsWith('external_key.'))
}

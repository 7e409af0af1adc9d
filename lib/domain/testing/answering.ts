import type { Environment, Scope } from '../../core/principal'
import type { Agent, AgentInput } from '../../core/schemas'
import { AgentInput as AgentInputSchema } from '../../core/schemas'
import { restoreEnvironment, setEnvironment } from '../../env/testing/environment'
import { backgroundSettled } from '../../store/background'
import { db } from '../../store/db'
import { type ModelServer, startModelServer } from '../../store/testing/model-server'
import { createAgent } from '../agents'
import { plantExternalKey } from './external-keys'
import { plantKey } from './keys'
import { keyOf, tenant } from './tenants'

export const POOL_KEY = 'sk-pool-0123456789abcdef'
export const OWN_KEY = 'sk-canary-fedcba9876543210'

/** Settings of a form, by the names of its fields; the rest has defaults. */
export type AgentSettings = Partial<Omit<AgentInput, 'name'>>

/**
 * Servers in the place of OpenAI and Anthropic, for the tests of one file. Twig's pool is at OpenAI unless the variables
 * say otherwise.
 */
export function answeringWorld() {
  let servers: { openai: ModelServer; anthropic: ModelServer } | undefined
  const running = () => {
    if (!servers) throw new Error('the model servers do not run')
    return servers
  }
  const calls = () => [...running().openai.calls, ...running().anthropic.calls]
  return {
    server: () => running().openai,
    anthropic: () => running().anthropic,
    /** Before each test. */
    begin: async (variables: Record<string, string | undefined> = {}) => {
      servers ??= { openai: await startModelServer(), anthropic: await startModelServer() }
      for (const server of [servers.openai, servers.anthropic]) {
        server.behave('ok')
        server.calls.length = 0
      }
      setEnvironment({
        OPENAI_BASE_URL: `${servers.openai.url}/v1`,
        ANTHROPIC_BASE_URL: `${servers.anthropic.url}/v1`,
        TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8',
        TWIG_OPENAI_API_KEY: POOL_KEY,
        TWIG_ANTHROPIC_API_KEY: undefined,
        ...variables,
      })
    },
    end: async () => {
      await backgroundSettled()
      restoreEnvironment()
      await servers?.openai.close()
      await servers?.anthropic.close()
    },
    /** Requests that Twig's pool had to pay for. */
    poolCalls: () => calls().filter(({ key }) => key === POOL_KEY),
    ownCalls: () => calls().filter(({ key }) => key === OWN_KEY),
  }
}

/** An organization with a key that may ask and an agent that answers. */
export async function answeringTenant({
  settings = {},
  scopes = ['execute'],
  environment = 'live',
}: {
  settings?: AgentSettings
  scopes?: Scope[]
  environment?: Environment
} = {}) {
  const { organization } = await tenant()
  const { id: keyId } = await plantKey(organization.id, { environment, scopes })
  const admin = keyOf(organization.id, ['admin'], environment, keyId)
  const asker = keyOf(organization.id, scopes, environment, keyId)
  const agent = await agentOf(admin, settings)
  return { organizationId: organization.id, keyId, admin, asker, agent }
}

export function agentOf(admin: ReturnType<typeof keyOf>, settings: AgentSettings): Promise<Agent> {
  return createAgent(admin, AgentInputSchema.parse({ name: 'Support', ...settings }))
}

/** The same, with an agent that answers with the organization's own OpenAI key. */
export async function ownKeyTenant(settings: AgentSettings = {}) {
  const made = await answeringTenant()
  const externalKeyId = await plantExternalKey(made.organizationId, OWN_KEY)
  const model = { source: 'openai_key' as const, name: 'gpt-stand-in', external_key_id: externalKeyId }
  return { ...made, externalKeyId, agent: await agentOf(made.admin, { model, ...settings }) }
}

/** What is written down of an organization's turns, oldest first. */
export async function turnsOf(organizationId: string) {
  await backgroundSettled()
  return db().interaction.findMany({
    where: { organizationId },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
}

import { TwigError } from '../core/errors'
import type { ModelProvider } from '../core/model-providers'
import { POOL_MODELS } from '../core/pool-models'
import type { Environment } from '../core/principal'
import type { Agent, AgentInput } from '../core/schemas'
import { requireDataSources } from './data-sources'
import { findExternalKeyId } from './external-key-choice'

type Fields = Record<string, string>

const PROVIDERS: Readonly<Record<Exclude<AgentInput['model']['source'], 'twig'>, ModelProvider>> = {
  openai_key: 'openai',
  anthropic_key: 'anthropic',
  custom_key: 'custom',
}

const NO_KEY: Readonly<Record<ModelProvider, string>> = {
  openai: 'your organization has no OpenAI key; add one in Settings → External API Keys',
  anthropic: 'your organization has no Anthropic key; add one in Settings → External API Keys',
  custom: 'your organization has no key for a custom endpoint; add one in Settings → External API Keys',
}

function judgePoolModel({ name, external_key_id: id }: AgentInput['model'], fields: Fields): void {
  const names = POOL_MODELS.map((model) => model.name)
  if (id !== null) fields['model.external_key_id'] = 'goes with a key of your own, not with Twig’s models'
  if (name !== null && !names.includes(name)) fields['model.name'] = `not one of Twig’s: ${names.join(', ')}`
}

/** The key that the model names, or the newest of its provider; noted in `fields` where there is none. */
async function judgeOwnModel(
  organizationId: string,
  model: AgentInput['model'] & { source: keyof typeof PROVIDERS },
  present: Agent['model'] | undefined,
  fields: Fields,
): Promise<string | null> {
  const { source, name, external_key_id: id } = model
  const provider = PROVIDERS[source]
  if (provider === 'custom' && name === null) fields['model.name'] = 'a custom model needs its name'
  // What it named already may be gone meanwhile: a new name for the agent does not hang on that.
  if (present?.source === source && present.external_key_id !== null && present.external_key_id === id)
    return id
  const found = await findExternalKeyId(organizationId, provider, id)
  if (found === null && id !== null)
    fields['model.external_key_id'] = 'your organization has no key of this provider with this id'
  else if (found === null) fields['model.source'] = NO_KEY[provider]
  return found
}

/**
 * What an agent refers to must be there: an external key of the provider (the newest where none is named), one of Twig's
 * models, data sources of its organization and environment. Returns the input with the key filled in.
 * @param present the agent as it is: what it refers to already may stay, even where it is gone
 * @throws TwigError invalid_request with `fields`
 */
export async function requireReferences(
  tenant: { organizationId: string; environment: Environment },
  input: AgentInput,
  present?: Agent,
): Promise<AgentInput> {
  const fields: Fields = {}
  const { source } = input.model
  let keyId = input.model.external_key_id
  if (source === 'twig') judgePoolModel(input.model, fields)
  else keyId = await judgeOwnModel(tenant.organizationId, { ...input.model, source }, present?.model, fields)
  const added = input.data_source_ids.filter((id) => !present?.data_source_ids.includes(id))
  const unknown = added.length === 0 ? [] : await requireDataSources(tenant, added)
  if (unknown.length > 0) fields.data_source_ids = `no such data source: ${unknown.join(', ')}`
  if (Object.keys(fields).length > 0) {
    const list = Object.entries(fields).map(([name, problem]) => `${name}: ${problem}`)
    throw new TwigError('invalid_request', `${list.join('; ')}.`, { details: { fields } })
  }
  const data_source_ids = [...new Set(input.data_source_ids)]
  return { ...input, data_source_ids, model: { ...input.model, external_key_id: keyId } }
}

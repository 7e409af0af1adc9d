import { TwigError } from '../core/errors'
import type { ExternalKey, KeyHealth, ProviderModels } from '../core/external-key-schemas'
import { PROVIDER_NAMES } from '../core/model-providers'
import { outboundSentence } from '../core/outbound-address'
import { type Principal, requirePermission } from '../core/principal'
import { checkModelKey, type KeyCheck, type ModelAccess } from '../store/model-catalogue'
import { getExternalKey, noteKeyHealth, openExternalKey } from './external-keys'

/** What the provider's acceptance sets. */
interface AcceptedHealth {
  health: KeyHealth
  healthDetail: string | null
  checkedAt: Date
}

function refused(field: string, sentence: string): TwigError {
  return new TwigError('invalid_request', sentence, { details: { fields: { [field]: sentence } } })
}

function refusal({ provider }: ModelAccess, check: Exclude<KeyCheck, { health: 'ok' }>): TwigError {
  if (provider === 'custom' && check.refused)
    return refused('endpoint', `Endpoint ${outboundSentence(check.refused)}.`)
  if (check.health === 'rejected') return refused('api_key', `${check.detail} Nothing was saved.`)
  if (provider === 'custom') return refused('endpoint', `${check.detail} Nothing was saved.`)
  const message = `${PROVIDER_NAMES[provider]} could not be asked whether it takes the key. Nothing was saved; try again.`
  return new TwigError('provider_error', message, { details: { detail: check.detail } })
}

/**
 * Tests a key against its provider before it is kept. One without quota is a good key all the same, and kept.
 * @throws TwigError invalid_request with `fields` where the provider refuses it or its address; provider_error where
 *   OpenAI or Anthropic do not answer
 */
export async function requireAccepted(access: ModelAccess): Promise<AcceptedHealth> {
  const check = await checkModelKey(access)
  const checkedAt = new Date()
  if (check.health === 'ok') return { health: 'ok', healthDetail: null, checkedAt }
  if (check.health === 'out_of_quota')
    return { health: 'out_of_quota', healthDetail: check.detail, checkedAt }
  throw refusal(access, check)
}

/** Asks the provider about a key now, and notes what it says. */
async function checkNow(principal: Principal, id: string): Promise<KeyCheck> {
  const { organizationId } = principal
  const check = await checkModelKey(await openExternalKey(organizationId, id))
  const detail = check.health === 'ok' ? undefined : check.detail
  await noteKeyHealth(organizationId, id, check.health, detail)
  return check
}

/** Checks a key again; its health is in the answer. Throws not_found. */
export async function checkExternalKey(principal: Principal, { id }: { id: string }): Promise<ExternalKey> {
  requirePermission(principal, 'external-keys:write')
  await checkNow(principal, id).catch((error: unknown) => {
    if (!(error instanceof TwigError && error.code === 'external_key_rejected')) throw error
  })
  return getExternalKey(principal, { id })
}

/**
 * Models that the key's provider lists, for choosing one; empty where it lists none.
 * @throws TwigError not_found; external_key_rejected where the provider refuses the key, provider_error where it does
 *   not answer
 */
export async function externalKeyModels(
  principal: Principal,
  { id }: { id: string },
): Promise<ProviderModels> {
  requirePermission(principal, 'external-keys:read')
  const check = await checkNow(principal, id)
  if (check.health === 'ok') return { models: [...check.models].sort() }
  const code = check.health === 'unreachable' ? 'provider_error' : 'external_key_rejected'
  throw new TwigError(code, undefined, { details: { detail: check.detail } })
}

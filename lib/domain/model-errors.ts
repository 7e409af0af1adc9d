import { TwigError } from '../core/errors'
import type { KeyHealth } from '../core/model-providers'
import type { ModelFailure, ModelFailureKind } from '../store/model-failure'
import { noteKeyHealth } from './external-keys'

/** What a failure says of the organization's own key; the rest says nothing of it. */
const HEALTH: Partial<Record<ModelFailureKind, KeyHealth>> = {
  key_rejected: 'rejected',
  out_of_quota: 'out_of_quota',
  unreachable: 'unreachable',
  address_refused: 'unreachable',
}

const OWN_KEY_SENTENCES: Partial<Record<ModelFailureKind, string>> = {
  key_rejected:
    'The model provider refused your organization’s key. Replace it in Settings → External API Keys.',
  out_of_quota:
    'Your organization’s key has no quota or credit left. Top it up at the provider, or replace it in Settings → External API Keys.',
  address_refused:
    'Twig does not call the endpoint of your organization’s key. Change it in Settings → External API Keys.',
}

/** Whether a question that failed like this may yet be answered by another model. */
export function isWorthFallback({ kind }: ModelFailure): boolean {
  return kind !== 'request_refused'
}

/**
 * A failed call as the caller is told it. Only a key of the organization's own is ever called rejected: what is wrong
 * with Twig's pool is Twig's affair, and a failure of the provider.
 * @param isOwnKey whether the organization's key was used
 */
export function modelError(failure: ModelFailure, isOwnKey: boolean): TwigError {
  const { kind, detail, status, retryAfterSeconds } = failure
  const own = isOwnKey ? OWN_KEY_SENTENCES[kind] : undefined
  // Of the pool's account nothing is told: neither that it is empty nor what its key may do.
  const isPoolsAffair = !isOwnKey && (kind === 'key_rejected' || kind === 'out_of_quota')
  const details = {
    ...(isPoolsAffair ? {} : { detail, ...(status === null ? {} : { provider_status: status }) }),
    ...(retryAfterSeconds === null ? {} : { retry_after: retryAfterSeconds }),
  }
  const options = { details, cause: failure, ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }) }
  if (own) return new TwigError('external_key_rejected', own, options)
  switch (kind) {
    case 'too_slow':
    case 'unreachable':
      return new TwigError('provider_timeout', undefined, options)
    case 'rate_limited':
      return new TwigError(
        'provider_error',
        'The model provider limits its requests; try again later.',
        options,
      )
    case 'request_refused':
      return new TwigError(
        'provider_error',
        'The model provider did not take the question; `detail` says why.',
        options,
      )
    default:
      return new TwigError('provider_error', undefined, options)
  }
}

/** Notes what a use said of a key. A sentence of ours alone: what a provider wrote is not kept. */
export async function noteUse(
  organizationId: string,
  externalKeyId: string,
  failure: ModelFailure | null,
): Promise<void> {
  const health = failure ? HEALTH[failure.kind] : 'ok'
  if (health) await noteKeyHealth(organizationId, externalKeyId, health, failure?.detail)
}

import { PROVIDER_NAMES } from '@/lib/core/model-providers'
import type { Agent } from '@/lib/core/schemas'
import type { AgentKeyHealth } from '@/lib/domain/external-key-choice'
import { Banner } from '../../../_ui/banner'
import { ButtonLink } from '../../../_ui/button-link'
import { SOURCE_PROVIDERS } from '../model-words'

interface KeyWarningProps {
  agent: Agent
  keyHealth: AgentKeyHealth | undefined
  /** Whether the viewer may do something about it. */
  mayChangeKeys: boolean
}

/** That the key an agent answers with does not work, and what mends it; nothing while it does. */
export function KeyWarning({ agent, keyHealth, mayChangeKeys }: KeyWarningProps) {
  if (agent.model.source === 'twig' || keyHealth?.health === 'ok') return null
  const provider = SOURCE_PROVIDERS[agent.model.source]
  const owner = provider === 'custom' ? 'The endpoint' : PROVIDER_NAMES[provider]
  const health = keyHealth?.health ?? 'deleted'
  const { title, fix } = {
    rejected: { title: `${owner} rejects the key of this agent`, fix: 'Replace the key.' },
    out_of_quota: {
      title: 'The key of this agent is out of quota',
      fix: 'Add credit at the provider, then check the key again.',
    },
    unreachable: {
      title: `${owner} could not be reached with the key of this agent`,
      fix: 'Check the key again; for a server of your own, see whether it is up.',
    },
    unreadable: { title: 'The key of this agent cannot be decrypted', fix: 'Replace the key.' },
    deleted: {
      title: 'The key of this agent was deleted',
      fix: 'Choose another key or one of Twig’s models under Configuration.',
    },
  }[health]
  const consequence = agent.allow_fallback
    ? 'Meanwhile Twig’s own model stands in where there is one, as this agent allows.'
    : 'Until then its questions fail; nothing else answers in its place.'
  const link = health !== 'deleted' && (
    <ButtonLink size="sm" href="/settings/external-keys">
      External API Keys
    </ButtonLink>
  )
  const detail = keyHealth?.detail ? `${keyHealth.detail} ` : ''
  return (
    <Banner tone="warning" title={title} action={mayChangeKeys && link} className="mb-6">
      {detail}
      {mayChangeKeys || health === 'deleted'
        ? fix
        : `${fix} An admin can do it in Settings → External API Keys.`}{' '}
      {consequence}
    </Banner>
  )
}

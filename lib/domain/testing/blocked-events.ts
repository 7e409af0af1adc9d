import { type BlockedEvent, blockedEvent } from '../../core/access-log'
import { newId } from '../../core/ids'
import { writeUsage } from '../usage-writer'
import { plantKey } from './keys'
import { tenant } from './tenants'
import { batchOf } from './usage-events'

/** An attempt from outside of an allowlist, just now, but for what is said otherwise. */
export function blockOf(changes: Partial<Parameters<typeof blockedEvent>[0]>): BlockedEvent {
  return blockedEvent({
    requestId: newId('req'),
    timeMs: Date.now(),
    organizationId: null,
    environment: 'live',
    reason: 'allowlist',
    code: 'ip_not_allowed',
    method: 'GET',
    path: '/v1/agents',
    clientIp: '198.51.100.7',
    userAgent: 'curl/8.5.0',
    ...changes,
  })
}

/** Writes attempts as a batch of their own. */
export const written = (blocked: BlockedEvent[]): Promise<void> => writeUsage({ ...batchOf([]), blocked })

/** An organization with a key. */
export async function blockingWorld() {
  const { organization, operator } = await tenant()
  const { id: keyId } = await plantKey(organization.id)
  return { organizationId: organization.id, operator, keyId }
}

import { TwigError } from '../core/errors'
import type { Finding } from '../core/finding'
import type { Principal } from '../core/principal'
import { examine } from '../store/doctor'
import { isFirstOrganization } from './organizations'

/** Findings, with or without what they say of the machine. */
interface Health {
  findings: Pick<Finding, 'check' | 'status'>[] | Finding[]
  /** Whether details and fixes are there. */
  isWhole: boolean
}

/**
 * What `twig doctor` finds (I2), for owners. Details name hosts, files and ports of the machine: they are for owners of the
 * installation's first organization, as with open sign-up anybody owns one. Throws insufficient_role,
 * temporarily_unavailable.
 */
export async function checkHealth(principal: Principal): Promise<Health> {
  if (principal.kind === 'key' || (principal.kind === 'user' && principal.role !== 'owner')) {
    const role = principal.kind === 'user' ? principal.role : 'none'
    const details = { required_role: 'owner', role }
    throw new TwigError('insufficient_role', 'The health of this Twig is for owners.', { details })
  }
  const isWhole = principal.kind === 'operator' || (await isFirstOrganization(principal.organizationId))
  const findings = await examine()
  if (isWhole) return { findings, isWhole }
  return { findings: findings.map(({ check, status }) => ({ check, status })), isWhole }
}

import { openIdp } from '../store/idp'
import { hasActiveSaml } from './sso-connections'

/**
 * Opens the SAML library where somebody may need it soon: that takes it seconds, which the first person would wait for, and
 * nothing where it is open. Returns 1 where SAML is in use, else 0.
 */
export async function openSamlAhead(): Promise<number> {
  if (!(await hasActiveSaml())) return 0
  await openIdp()
  return 1
}

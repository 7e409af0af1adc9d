import { type EnforceObstacle, enforceObstacles } from '@/lib/core/sso-decisions'
import type { ConnectionView, DomainView } from './views'

const SENTENCES: Readonly<Record<EnforceObstacle, string>> = {
  not_active: 'The connection is disabled. Make it active first.',
  not_tested: 'No test has passed on exactly this configuration. Test the connection first.',
  no_domain: 'No domain is verified. Verify one first.',
}

/** Why SSO cannot be enforced through a connection yet, each in a sentence that says what to do. */
export function locksOf({ isActive, testedAt }: ConnectionView, domains: readonly DomainView[]): string[] {
  const obstacles = enforceObstacles({
    isActive,
    digest: 'of now',
    // A time stands there only while the test was of the configuration of now.
    testedDigest: testedAt ? 'of now' : null,
    verifiedDomains: domains.filter(({ verifiedAt }) => verifiedAt !== null).length,
  })
  return obstacles.map((obstacle) => SENTENCES[obstacle])
}

/** Whether SSO is enforced and binds nobody: without a verified domain every password opens. */
export function isEnforcedForNobody(
  { enforcedAt }: Pick<ConnectionView, 'enforcedAt'>,
  domains: readonly Pick<DomainView, 'verifiedAt'>[],
): boolean {
  return enforcedAt !== null && domains.every(({ verifiedAt }) => verifiedAt === null)
}

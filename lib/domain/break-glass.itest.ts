import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { backgroundSettled } from '../store/background'
import { closeDb, db } from '../store/db'
import { closeIdp } from '../store/idp'
import { requestPasswordReset, resetPassword, signInWithPassword } from './passwords'
import { findActiveSession, type StartedSession } from './sessions'
import { enforceSso } from './sso-enforcement'
import { guarded, PASSWORD } from './testing/doors'
import { mailsTo, newestToken } from './testing/outbox'
import { claimsOf, linking, origin, principalOf, socialWorld } from './testing/social'
import { auditOf } from './testing/tenants'
import { setPassword } from './users'

const world = socialWorld()
const NEW = 'copper meadow clock 77'

beforeEach(() => world.begin())
afterAll(async () => {
  await world.end()
  await closeIdp()
  await closeDb()
})

/** `in`, or the code of the refusal. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'in',
    (error: { code?: string }) => error.code ?? String(error),
  )
}

const signIn = (email: string, password = PASSWORD) => signInWithPassword({ email, password }, origin)

async function why({ sub: userId, sid: sessionId }: { sub: string; sid: string }) {
  const found = await findActiveSession({ userId, sessionId, issuedAt: 0 })
  return 'ended' in found ? found.ended : 'active'
}

describe('break-glass', () => {
  /** An owner who enforced SSO and proved their password by it, and one who did not. */
  async function broken() {
    const place = await guarded()
    const [owner, other] = [await place.member('owner'), await place.member('owner')]
    const session: StartedSession = await signIn(owner.email)
    const principal: UserPrincipal = await principalOf(session)
    await enforceSso(principal, { id: place.connectionId, password: PASSWORD })
    return { ...place, owner, other, session }
  }

  it('opens for the owner who proved the password, with no identity provider in sight; audited and mailed to all owners each time', async () => {
    const { owner, other, organizationId } = await broken()
    for (const times of [1, 2]) {
      expect(await outcomeOf(signIn(owner.email))).toBe('in')
      const used = (await auditOf(organizationId)).filter(({ action }) => action === 'sso.break_glass_used')
      expect(used).toHaveLength(times)
      for (const { email } of [owner, other]) expect(await mailsTo(email, 'break-glass')).toHaveLength(times)
    }
    expect(await outcomeOf(signIn(other.email))).toBe('sso_required')
  })

  it('keeps the session in which it was proved', async () => {
    const { session } = await broken()
    expect(await why(session)).toBe('active')
  })

  it('opens neither reset, Google nor linking', async () => {
    const { owner, session } = await broken()
    await requestPasswordReset({ email: owner.email }, origin)
    await backgroundSettled()
    const token = await newestToken(owner.email, 'reset')
    expect(await outcomeOf(resetPassword({ token, password: NEW }, origin))).toBe('sso_required')
    expect(await outcomeOf(linking(world, 'google', claimsOf(owner.email), await principalOf(session)))).toBe(
      'sso_required',
    )
    expect(await outcomeOf(signIn(owner.email)), 'the password is the old one').toBe('in')
  })

  it('is gone with the role', async () => {
    const { owner, organizationId } = await broken()
    const where = { organizationId_userId: { organizationId, userId: owner.userId } }
    await db().membership.update({ where, data: { role: 'admin' } })
    expect(await outcomeOf(signIn(owner.email))).toBe('sso_required')
  })

  it('is gone with a password that the operator set', async () => {
    const { owner } = await broken()
    await setPassword({ email: owner.email, password: NEW })
    expect(await outcomeOf(signIn(owner.email, NEW))).toBe('sso_required')
  })
})

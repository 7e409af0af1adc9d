import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { UserPrincipal } from '../core/principal'
import { setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db } from '../store/db'
import { requestPasswordReset, resetPassword, signInWithPassword } from './passwords'
import { endSession } from './sessions'
import { beginLinking } from './social-flows'
import { listSignInMethods, unlink } from './social-links'
import { mailsTo, newestToken } from './testing/outbox'
import { back, claimsOf, journey, linking, origin, principalOf, socialWorld } from './testing/social'
import { auditOf, personAlone } from './testing/tenants'

const world = socialWorld()
const PASSWORD = 'violet harbour lamp 42'
const code = (value: string) => expect.objectContaining({ code: value })

let email = ''
let ada: UserPrincipal
beforeEach(async () => {
  email = `${randomUUID()}@links.example`
  await world.begin()
  await personAlone({ name: 'Ada', email, password: PASSWORD })
  ada = await principalOf(await signInWithPassword({ email, password: PASSWORD }, origin))
})
afterAll(async () => {
  await world.end()
  await closeDb()
})

const google = async () =>
  (await listSignInMethods(ada)).providers.find(({ provider }) => provider === 'google')
const signInWith = (claims: ReturnType<typeof claimsOf>) => journey(world, 'google', claims)

async function othersGoogle() {
  const claims = claimsOf(`${randomUUID()}@links.example`)
  const finished = await signInWith(claims)
  if (finished.kind !== 'signed_in') throw new Error(finished.kind)
  return { claims, principal: await principalOf(finished.session) }
}

describe('linking', () => {
  it('makes the account elsewhere a way in, whatever its address; audited, and told by mail', async () => {
    const claims = claimsOf('ada@elsewhere.example', { email_verified: false })
    expect(await linking(world, 'google', claims, ada)).toEqual({ kind: 'linked' })
    expect(await google()).toMatchObject({ linked: { label: 'ada@elsewhere.example' } })
    expect(await signInWith(claims)).toMatchObject({ kind: 'signed_in', session: { sub: ada.userId } })
    const actions = (await auditOf(ada.organizationId)).map(({ action }) => action)
    expect(actions.filter((action) => action === 'user.identity_linked')).toHaveLength(1)
    expect(await mailsTo(email, 'identity-linked')).toHaveLength(1)
    expect(await linking(world, 'google', claims, ada), 'again').toEqual({ kind: 'linked' })
    expect(await mailsTo(email, 'identity-linked')).toHaveLength(1)
  })

  it('refuses an account that is somebody else’s, and a second one of a provider', async () => {
    const { claims } = await othersGoogle()
    await expect(linking(world, 'google', claims, ada)).rejects.toEqual(code('conflict'))
    await linking(world, 'google', claimsOf(email), ada)
    await expect(linking(world, 'google', claimsOf(email), ada)).rejects.toEqual(code('conflict'))
    expect(await db().externalIdentity.count({ where: { userId: ada.userId } })).toBe(1)
  })

  it('is for the session that began it, while it lives', async () => {
    const other = await principalOf(await signInWithPassword({ email, password: PASSWORD }, origin))
    const stranger = (await othersGoogle()).principal
    for (const viewer of [null, other, stranger]) {
      const begun = await beginLinking(ada, { provider: 'google' })
      await expect(back(world, 'google', begun, claimsOf(email), viewer)).rejects.toEqual(
        code('social_sign_in_failed'),
      )
    }
    const begun = await beginLinking(ada, { provider: 'google' })
    await endSession(other, { id: ada.sessionId })
    // The cookie of an ended session, as a page would still believe it that looked a moment earlier.
    await expect(back(world, 'google', begun, claimsOf(email), ada)).rejects.toEqual(
      code('social_sign_in_failed'),
    )
    expect(await db().externalIdentity.count({ where: { userId: ada.userId } })).toBe(0)
  })

  it('of one account by two people at once, one succeeds', async () => {
    const { principal } = await othersGoogle()
    await unlinkWithPassword(principal)
    const claims = claimsOf(email)
    const both = await Promise.allSettled([
      linking(world, 'google', claims, ada),
      linking(world, 'google', claims, principal),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

async function emailOf({ userId }: UserPrincipal): Promise<string> {
  return (await db().user.findUniqueOrThrow({ where: { id: userId }, select: { email: true } })).email
}

/** Sets a password by mail first: nobody unlinks their last way in. */
async function unlinkWithPassword(principal: UserPrincipal): Promise<void> {
  const address = await emailOf(principal)
  await requestPasswordReset({ email: address }, origin)
  await backgroundSettled()
  const token = await newestToken(address, 'reset')
  const { session } = await resetPassword({ token, password: PASSWORD }, origin)
  if (!session) throw new Error('no session')
  await unlink(await principalOf(session), { provider: 'google' })
}

describe('unlinking', () => {
  it('is audited, shuts that way in, and ends the other sessions that began with it', async () => {
    const claims = claimsOf(email)
    await linking(world, 'google', claims, ada)
    const finished = await signInWith(claims)
    if (finished.kind !== 'signed_in') throw new Error(finished.kind)
    expect(await unlink(ada, { provider: 'google' })).toEqual({ ended: 1 })
    await expect(principalOf(finished.session)).rejects.toThrow('ended')
    await expect(signInWith(claims)).rejects.toEqual(code('account_not_linked'))
    expect(await google()).toMatchObject({ linked: null })
    expect((await auditOf(ada.organizationId)).map(({ action }) => action)).toContain(
      'user.identity_unlinked',
    )
    await expect(unlink(ada, { provider: 'google' })).rejects.toEqual(code('not_found'))
  })

  it('of the last way in is refused, until there is a password', async () => {
    const { principal } = await othersGoogle()
    await expect(unlink(principal, { provider: 'google' })).rejects.toEqual(code('conflict'))
    expect((await listSignInMethods(principal)).hasPassword).toBe(false)
    await unlinkWithPassword(principal)
    expect(
      (await signInWithPassword({ email: await emailOf(principal), password: PASSWORD }, origin)).sub,
    ).toBe(principal.userId)
  })

  it('of both ways in at once leaves one', async () => {
    const { principal } = await othersGoogle()
    world.op('microsoft').behave()
    await linking(world, 'microsoft', claimsOf('x@links.example'), principal)
    const both = await Promise.allSettled([
      unlink(principal, { provider: 'google' }),
      unlink(principal, { provider: 'microsoft' }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('a provider that this Twig has no client at any more is no way in', async () => {
    const { principal } = await othersGoogle()
    world.op('microsoft').behave()
    await linking(world, 'microsoft', claimsOf('x@links.example'), principal)
    setEnvironment({ MICROSOFT_CLIENT_ID: undefined, MICROSOFT_CLIENT_SECRET: undefined })
    await expect(unlink(principal, { provider: 'google' })).rejects.toEqual(code('conflict'))
    expect((await listSignInMethods(principal)).providers).toHaveLength(2)
  })
})

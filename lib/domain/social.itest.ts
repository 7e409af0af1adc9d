import { randomUUID } from 'node:crypto'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { setEnvironment } from '../env/testing/environment'
import { closeDb, db } from '../store/db'
import { inviteMember } from './invitations'
import { listMemberships } from './organizations'
import { previewSocialSignUp } from './social-accounts'
import { mailsTo, newestToken } from './testing/outbox'
import {
  attemptOf,
  claimsOf,
  journey,
  OTHER_TENANT,
  principalOf,
  socialWorld,
  TENANT,
} from './testing/social'
import { personAlone, tenant } from './testing/tenants'

const world = socialWorld()
const PASSWORD = 'violet harbour lamp 42'

let email = ''
beforeEach(async () => {
  email = `${randomUUID()}@social.example`
  await world.begin()
})
afterAll(async () => {
  await world.end()
  await closeDb()
})

interface Refusal {
  code: string
  details: Record<string, unknown>
}

async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await work.catch((reason: unknown) => reason)
  if (!(error instanceof Error) || !('code' in error)) throw new Error('nothing was refused')
  return error as unknown as Refusal
}

const sessions = () => db().session.count({ where: { user: { email } } })
const account = () => db().user.findUnique({ where: { email }, select: { id: true, name: true } })

async function signedIn(work: ReturnType<typeof journey>) {
  const finished = await work
  if (finished.kind !== 'signed_in') throw new Error(`not signed in: ${finished.kind}`)
  return finished
}

describe('signing in with Google', () => {
  it('makes a new person with an organization of their own, and knows them by issuer and subject the next time', async () => {
    const claims = claimsOf(email)
    const first = await signedIn(journey(world, 'google', claims, { next: '/data' }))
    expect(first.returnTo).toBe('/data')
    expect(await principalOf(first.session)).toMatchObject({ role: 'owner' })
    expect(await db().session.findUnique({ where: { id: first.session.sid } })).toMatchObject({
      method: 'google',
    })

    const moved = { ...claims, email: `${randomUUID()}@elsewhere.example`, email_verified: false }
    const second = await signedIn(journey(world, 'google', moved))
    expect(second.session.sub).toBe(first.session.sub)
    expect(await listMemberships(first.session.sub)).toHaveLength(1)
  })

  it('takes the address from the userinfo where the token has none, of the same subject only', async () => {
    const claims = claimsOf(email)
    const userinfo = { sub: claims.sub, email, email_verified: true, name: 'Grace' }
    world.op('google').behave({ claims: { email: undefined, email_verified: undefined }, userinfo })
    await signedIn(journey(world, 'google', claims))
    expect(await account()).not.toBeNull()

    world.op('google').behave({ claims: { email: undefined }, userinfo: { ...userinfo, sub: 'another' } })
    const { code, details } = await refusalOf(journey(world, 'google', claimsOf(`x.${email}`)))
    expect(code).toBe('social_sign_in_failed')
    expect(await attemptOf(details.reference)).toMatchObject({ reason: 'userinfo' })
  })

  it('proves itself in the body to a provider that turns the header away', async () => {
    world.op('google').behave({ onlyPost: true })
    await signedIn(journey(world, 'google', claimsOf(email)))
  })

  it('refuses an address that has an account, and says how to link; nobody is signed in', async () => {
    const { id } = await personAlone({ name: 'Ada', email, password: PASSWORD })
    const { code } = await refusalOf(journey(world, 'google', claimsOf(email)))
    expect(code).toBe('account_not_linked')
    expect(await sessions()).toBe(0)
    expect(await db().externalIdentity.count({ where: { userId: id } })).toBe(0)
  })

  it('makes of two arrivals of a new person at once one account', async () => {
    const claims = claimsOf(email)
    const both = await Promise.allSettled([
      journey(world, 'google', claims),
      journey(world, 'google', claims),
    ])
    expect(both.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    expect(await db().user.count({ where: { email } })).toBe(1)
    await signedIn(journey(world, 'google', claims))
  })
})

describe('by invitation only', () => {
  beforeEach(async () => {
    await personAlone({ name: 'First', email: `${randomUUID()}@first.example`, password: PASSWORD })
    setEnvironment({ SIGNUP: 'invite' })
  })

  it('refuses a stranger', async () => {
    expect(await refusalOf(journey(world, 'google', claimsOf(email)))).toMatchObject({
      code: 'sign_up_closed',
    })
    expect(await account()).toBeNull()
  })

  it('lets a proven address in that is invited, with the invited role', async () => {
    const { organization, operator } = await tenant()
    await inviteMember(operator, { email, role: 'viewer' })
    const { session } = await signedIn(journey(world, 'google', claimsOf(email)))
    expect(await principalOf(session)).toMatchObject({ organizationId: organization.id, role: 'viewer' })
  })

  it('tells an unproven address nothing, whether it is invited, has an account, or neither', async () => {
    const { operator } = await tenant()
    await inviteMember(operator, { email, role: 'admin' })
    const known = `${randomUUID()}@social.example`
    await personAlone({ name: 'Ada', email: known, password: PASSWORD })
    for (const address of [email, known, `${randomUUID()}@social.example`]) {
      const claims = { ...claimsOf(address), ...world.tenant(TENANT) }
      expect(await refusalOf(journey(world, 'microsoft', claims))).toMatchObject({ code: 'sign_up_closed' })
    }
    expect(await account()).toBeNull()
  })

  it('the link of an invitation makes the account of the invited address, whatever the provider calls it', async () => {
    const { organization, operator } = await tenant()
    await inviteMember(operator, { email, role: 'member' })
    const invitation = await newestToken(email, 'invitation')
    const claims = { ...claimsOf('other@social.example'), ...world.tenant(TENANT) }
    const { session } = await signedIn(journey(world, 'microsoft', claims, { invitation }))
    expect(await principalOf(session)).toMatchObject({ organizationId: organization.id, role: 'member' })
    expect(await account()).toMatchObject({ id: session.sub })
    const again = claimsOf('third@social.example')
    expect(await refusalOf(journey(world, 'google', again, { invitation }))).toMatchObject({
      code: 'not_found',
    })
  })
})

describe('signing in with Microsoft', () => {
  const microsoft = (address: string, tid = TENANT) => ({ ...claimsOf(address), ...world.tenant(tid) })

  it('takes no word for an address: the mail finishes, with the same account again', async () => {
    const claims = microsoft(email)
    expect(await journey(world, 'microsoft', claims)).toEqual({ kind: 'check_mail' })
    expect(await account()).toBeNull()
    const confirm = await newestToken(email, 'sign-up')
    expect(await previewSocialSignUp(confirm)).toEqual({ email, provider: 'microsoft' })

    const stranger = await refusalOf(journey(world, 'microsoft', microsoft(email), { confirm }))
    expect(stranger.code, 'whoever else opens the link').toBe('social_sign_in_failed')
    expect(await account()).toBeNull()

    const { session } = await signedIn(journey(world, 'microsoft', claims, { confirm }))
    expect(await account()).toMatchObject({ id: session.sub })
    expect(await previewSocialSignUp(confirm)).toBeNull()
    await signedIn(journey(world, 'microsoft', claims))
  })

  it('the victim’s address from a foreign tenant (nOAuth) opens nothing, and the answer is that of any address', async () => {
    await personAlone({ name: 'Victim', email, password: PASSWORD })
    const claims = { ...microsoft(email, OTHER_TENANT), email_verified: true, xms_edov: true }
    expect(await journey(world, 'microsoft', claims)).toEqual({ kind: 'check_mail' })
    expect(await sessions()).toBe(0)
    expect(await mailsTo(email, 'account-exists')).toHaveLength(1)
    expect(await mailsTo(email, 'sign-up')).toHaveLength(0)
  })

  it('the same subject in another tenant is another person', async () => {
    const claims = microsoft(email)
    await journey(world, 'microsoft', claims)
    await signedIn(journey(world, 'microsoft', claims, { confirm: await newestToken(email, 'sign-up') }))
    const twin = { ...claims, ...world.tenant(OTHER_TENANT), email: `twin.${email}` }
    expect(await journey(world, 'microsoft', twin)).toEqual({ kind: 'check_mail' })
  })

  it('of one tenant that the operator chose, a verified address is one', async () => {
    world.op('microsoft').behave()
    await signedIn(journey(world, 'microsoft', claimsOf(email)))
    world.op('microsoft').behave()
    const { email_verified: _, ...silent } = claimsOf(`silent.${email}`)
    expect(await journey(world, 'microsoft', silent)).toEqual({ kind: 'check_mail' })
  })

  it('lets the listed tenants in alone', async () => {
    setEnvironment({ MICROSOFT_TENANTS: TENANT.toUpperCase() })
    expect(await journey(world, 'microsoft', microsoft(email))).toEqual({ kind: 'check_mail' })
    const { code, details } = await refusalOf(journey(world, 'microsoft', microsoft(email, OTHER_TENANT)))
    expect(code).toBe('social_sign_in_failed')
    expect(await attemptOf(details.reference)).toMatchObject({ reason: 'tenant' })
  })
})

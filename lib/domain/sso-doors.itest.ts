import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SignInInput, UpdateProfileInput } from '../core/schemas'
import { setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db, inTransaction } from '../store/db'
import { closeIdp } from '../store/idp'
import { startSmtpSink } from '../store/testing/smtp-sink'
import { acceptInvitation } from './invitation-acceptance'
import { inviteMember } from './invitations'
import { addMember, operatorFor } from './organizations'
import { requestPasswordReset, resetPassword, signInWithPassword, startSessionForPassword } from './passwords'
import { findActiveSession } from './sessions'
import { confirmSignUp, signUp } from './sign-ups'
import { beginLinking } from './social-flows'
import { judgePasswordDoor, requireNewcomer } from './sso-doors'
import { type Guarded, guarded, PASSWORD } from './testing/doors'
import { plantKey } from './testing/keys'
import { newestToken } from './testing/outbox'
import { back, claimsOf, journey, linking, origin, principalOf, socialWorld, TENANT } from './testing/social'
import { tenant } from './testing/tenants'
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
const signedIn = async (email: string) => principalOf(await signIn(email))
const microsoft = (email: string) => ({ ...claimsOf(email), ...world.tenant(TENANT) })

async function why({ sub: userId, sid: sessionId }: { sub: string; sid: string }) {
  const found = await findActiveSession({ userId, sessionId, issuedAt: 0 })
  return 'ended' in found ? found.ended : 'active'
}

async function invited(email: string, organizationId: string): Promise<string> {
  await inviteMember(operatorFor(organizationId), { email, role: 'member' })
  return newestToken(email, 'invitation')
}

async function linkedTo(provider: 'google' | 'microsoft', email: string) {
  const claims = provider === 'google' ? claimsOf(email) : microsoft(email)
  await linking(world, provider, claims, await signedIn(email))
  return () => journey(world, provider, claims)
}

/** Makes somebody ready at a door; what comes back tries it. Before SSO is enforced each lets them in. */
type Door = (place: Guarded) => Promise<() => Promise<unknown>>

const doors: Record<string, Door> = {
  password: async (place) => {
    const { email } = await place.member()
    return () => signIn(email)
  },
  'password, in other letters': async (place) => {
    const { email } = await place.member()
    return () =>
      signInWithPassword(SignInInput.parse({ email: email.toUpperCase(), password: PASSWORD }), origin)
  },
  'password of a sub-address': async (place) => {
    const { email } = await place.member('member', place.address().replace('@', '+reports@'))
    return () => signIn(email)
  },
  'password of an owner who proved none': async (place) => {
    const { email } = await place.member('owner')
    return () => signIn(email)
  },
  'password of somebody who is in another organization too': async (place) => {
    const { email, userId } = await place.member()
    const { organization } = await tenant()
    await inTransaction((tx) => addMember(tx, { organizationId: organization.id, userId, role: 'owner' }))
    return () => signIn(email)
  },
  'password that the operator set': async (place) => {
    const { email } = await place.member()
    return async () => {
      await setPassword({ email, password: NEW })
      return signIn(email, NEW)
    }
  },
  Google: async (place) => linkedTo('google', (await place.member()).email),
  Microsoft: async (place) => linkedTo('microsoft', (await place.member()).email),
  'reset link': async (place) => {
    const { email } = await place.member()
    await requestPasswordReset({ email }, origin)
    await backgroundSettled()
    const token = await newestToken(email, 'reset')
    return () => resetPassword({ token, password: NEW }, origin)
  },
  'invitation of a new person': async (place) => {
    const token = await invited(place.address(), place.organizationId)
    return () => acceptInvitation({ token, name: 'Grace', password: PASSWORD }, origin, null)
  },
  'invitation of a new person, with Google': async (place) => {
    const email = place.address()
    const invitation = await invited(email, place.organizationId)
    return () => journey(world, 'google', claimsOf(email), { invitation })
  },
  'invitation into another organization': async (place) => {
    const token = await invited(place.address(), (await tenant()).organization.id)
    return () => acceptInvitation({ token, name: 'Grace', password: PASSWORD }, origin, null)
  },
  'sign-up': async (place) => {
    const email = place.address()
    return () => signUp({ email, name: 'Grace', password: PASSWORD }, origin)
  },
  'sign-up that was begun before': async (place) => {
    // The first person ever would need no mail.
    await place.member()
    const sink = await startSmtpSink()
    setEnvironment({ SMTP_URL: sink.url })
    const email = place.address()
    await signUp({ email, name: 'Grace', password: PASSWORD }, origin)
    await backgroundSettled()
    const [mail] = sink.received
    const token = /\/signup\/(\w{32})\b/.exec(mail?.text ?? '')?.[1] ?? ''
    await sink.close()
    setEnvironment({ SMTP_URL: undefined })
    return () => confirmSignUp({ token, password: PASSWORD }, origin)
  },
  'sign-up with Google': async (place) => {
    const claims = claimsOf(place.address())
    return () => journey(world, 'google', claims)
  },
  'sign-up with Microsoft': async (place) => {
    const claims = microsoft(place.address())
    return () => journey(world, 'microsoft', claims)
  },
  linking: async (place) => {
    const { email } = await place.member()
    const principal = await signedIn(email)
    return () => linking(world, 'google', claimsOf(email), principal)
  },
  'linking that was begun before': async (place) => {
    const principal = await signedIn((await place.member()).email)
    const begun = await beginLinking(principal, { provider: 'google' })
    return () => back(world, 'google', begun, claimsOf('x@elsewhere.example'), principal)
  },
}

let open: Guarded
beforeAll(async () => {
  open = await guarded()
})

describe.each(Object.entries(doors))('the door “%s”', (_name, make) => {
  it('is open where SSO is not enforced, and shut where it is', async () => {
    expect(await outcomeOf((await make(open))())).toBe('in')
    const place = await guarded()
    const attempt = await make(place)
    await place.enforce()
    const before = await db().session.count({
      where: { endedAt: null, user: { email: { endsWith: place.domain } } },
    })
    expect(await outcomeOf(attempt())).toBe('sso_required')
    const where = { endedAt: null, user: { email: { endsWith: place.domain } } }
    expect(await db().session.count({ where })).toBe(before)
  })
})

const reopened = new Set(['password', 'Google', 'reset link', 'invitation of a new person'])

it.each(Object.entries(doors).filter(([name]) => reopened.has(name)))(
  'the door “%s” is open again once SSO is enforced no more',
  async (_name, make) => {
    const place = await guarded()
    await place.enforce()
    await place.unenforce()
    expect(await outcomeOf((await make(place))())).toBe('in')
  },
)

describe('doors that are no sign-in', () => {
  it('sessions of passwords and of Google end when SSO is enforced; those of SSO, and of other domains, go on', async () => {
    const place = await guarded()
    const { email } = await place.member()
    const byPassword = await signIn(email)
    const social = await (await linkedTo('google', email))()
    const guest = await place.member('member', `${randomUUID()}@elsewhere.example`)
    const byGuest = await signIn(guest.email)
    if (social.kind !== 'signed_in') throw new Error(social.kind)
    await place.enforce()
    expect(await why(byPassword)).toBe('sso_enforced')
    expect(await why(social.session)).toBe('sso_enforced')
    expect(await why(byGuest)).toBe('active')
    expect(await outcomeOf(signIn(guest.email))).toBe('in')
  })

  it('API keys keep working', async () => {
    const place = await guarded()
    const { id } = await plantKey(place.organizationId)
    await place.enforce()
    expect(await db().apiKey.findUnique({ where: { id } })).toMatchObject({
      revokedAt: null,
      disabledAt: null,
    })
  })

  it('nobody’s e-mail address can be changed to one of another domain', () => {
    expect(UpdateProfileInput.safeParse({ name: 'Ada', email: 'ada@elsewhere.example' }).success).toBe(false)
  })

  it('a domain that only looks alike is not this one', async () => {
    const place = await guarded()
    await place.enforce()
    for (const alias of [`sub.${place.domain}`, `${place.domain}.example`, `x${place.domain}`]) {
      await inTransaction((tx) => requireNewcomer(tx, `ada@${alias}`))
    }
  })

  it('who was removed and is invited again becomes a member, and comes back through SSO alone', async () => {
    const place = await guarded()
    const { email, userId } = await place.member()
    const { organization } = await tenant()
    await inTransaction((tx) => addMember(tx, { organizationId: organization.id, userId, role: 'member' }))
    await place.enforce()
    await db().membership.deleteMany({ where: { organizationId: place.organizationId, userId } })
    const session = await signIn(email)
    const token = await invited(email, place.organizationId)
    const viewer = { principal: await principalOf(session), user: { id: userId, email } }
    expect(await acceptInvitation({ token }, origin, viewer)).toEqual({ session: null })
    expect(await why(session)).toBe('sso_enforced')
    expect(await outcomeOf(signIn(email))).toBe('sso_required')
  })

  it('enforcing while somebody signs in leaves no session of a password, 50 times', async () => {
    const place = await guarded()
    const { userId } = await place.member()
    const stored = { userId, hash: place.passwordHash }
    const outcomes = { in: 0, sso_required: 0 }
    for (let round = 0; round < 50; round++) {
      const flights = Array.from({ length: 3 }, () => outcomeOf(startSessionForPassword(stored, origin)))
      const [first, second, third] = await Promise.all([...flights, place.enforce()])
      for (const outcome of [first, second, third]) outcomes[outcome as keyof typeof outcomes] += 1
      expect(await db().session.count({ where: { userId, endedAt: null } }), `round ${round}`).toBe(0)
      await place.unenforce()
    }
    expect(outcomes.in + outcomes.sso_required).toBe(150)
  })

  it('what cannot be read lets nobody in, and is no refusal', async () => {
    const place = await guarded()
    const { userId, email } = await place.member()
    for (const judge of [
      (tx: Parameters<typeof judgePasswordDoor>[0]) => judgePasswordDoor(tx, userId),
      (tx: Parameters<typeof judgePasswordDoor>[0]) => requireNewcomer(tx, `new.${email}`),
    ]) {
      const unreadable = inTransaction(async (tx) => {
        await tx.$executeRaw`ALTER TABLE sso_connections RENAME TO sso_connections_away`
        await judge(tx)
      })
      expect(await outcomeOf(unreadable)).toBe('sso_unavailable')
    }
  })

  it('a stranger cannot tell by a password who has an account where SSO is enforced', async () => {
    const place = await guarded()
    const { email } = await place.member()
    await place.enforce()
    const wrong = [
      signIn(email, 'not their password at all'),
      signIn(place.address(), 'not their password at all'),
    ]
    expect(await Promise.all(wrong.map(outcomeOf))).toEqual(['invalid_credentials', 'invalid_credentials'])
    const taken = [email, place.address()].map((address) =>
      outcomeOf(signUp({ email: address, name: 'Eve', password: NEW }, origin)),
    )
    expect(await Promise.all(taken)).toEqual(['sso_required', 'sso_required'])
  })
})

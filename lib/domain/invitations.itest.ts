import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type Role, roles, type UserPrincipal } from '../core/principal'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { closeDb, db, inTransaction } from '../store/db'
import { startSmtpSink } from '../store/testing/smtp-sink'
import { acceptInvitation, previewInvitation } from './invitation-acceptance'
import { claimInvitation } from './invitation-claims'
import { changeInvitation, inviteMember, listInvitations, revokeInvitation } from './invitations'
import { listMembers } from './organizations'
import { signInWithPassword } from './passwords'
import { findActiveSession } from './sessions'
import { newestToken } from './testing/outbox'
import { auditOf, personAlone, personOf, tenant } from './testing/tenants'

const PASSWORD = 'violet harbour lamp 42'
const DAY_MS = 24 * 3600_000
const code = (value: string) => expect.objectContaining({ code: value })
const origin = { clientIp: '203.0.113.5', userAgent: 'curl/8.0' }

let owner: UserPrincipal
let email = ''
beforeEach(async () => {
  owner = await personOf((await tenant()).organization.id, 'owner')
  email = `${randomUUID()}@invitations.example`
})
afterEach(async () => {
  await backgroundSettled()
  restoreEnvironment()
})
afterAll(closeDb)

async function invite(role: Role = 'member', now?: Date): Promise<string> {
  const { link } = await inviteMember(owner, { email, role }, now)
  return link?.split('/').at(-1) ?? ''
}

/** Somebody with the invited address and an organization of their own, signed in there. */
async function invitee(address = email) {
  await personAlone({ email: address, password: PASSWORD, name: 'Grace Hopper' })
  const { sid, sub, org } = await signInWithPassword({ email: address, password: PASSWORD }, origin)
  const principal: UserPrincipal = {
    kind: 'user',
    userId: sub,
    sessionId: sid,
    organizationId: org,
    role: 'owner',
    environment: 'live',
  }
  return { principal, user: { id: sub, email: address } }
}

/** Resolves when some statement waits for a row that another transaction holds. */
async function untilSomebodyWaits(): Promise<void> {
  for (let waiting = 0; waiting === 0; ) {
    const [row] = await db().$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
    waiting = row?.count ?? 0
  }
}

const openOnes = async (principal = owner, now?: Date) =>
  (await listInvitations(principal, { limit: 50 }, now)).data

const newPerson = (token: string) => ({ token, name: 'Grace Hopper', password: PASSWORD })

describe('inviteMember', () => {
  it.each(roles.map((role) => [role] as const))(
    'lets a person of role %s invite up to that role, from admin on',
    async (own) => {
      const person = await personOf(owner.organizationId, own)
      for (const role of roles) {
        const invited = inviteMember(person, { email: `${role}-${email}`, role })
        const allowed = own === 'owner' || (own === 'admin' && role !== 'owner')
        if (allowed) expect(await invited).toMatchObject({ role })
        else await expect(invited).rejects.toEqual(code('insufficient_role'))
      }
    },
  )

  it('refuses who is a member already', async () => {
    const token = await invite()
    await acceptInvitation(newPerson(token), origin, null)
    await expect(invite()).rejects.toEqual(code('conflict'))
  })

  it('replaces an earlier invitation to the same address', async () => {
    const first = await invite('viewer')
    const second = await invite('admin')
    expect(await previewInvitation(first)).toBeNull()
    expect(await previewInvitation(second)).toMatchObject({ role: 'admin', email, accountExists: false })
    expect(await openOnes()).toHaveLength(1)
  })

  it('leaves one open invitation when several are sent at once', async () => {
    await Promise.all(Array.from({ length: 5 }, () => invite()))
    expect(await openOnes()).toHaveLength(1)
  })

  it('mails the link, keeps only its digest, and gives it to the inviter only where no SMTP is set', async () => {
    const token = await invite()
    expect(await newestToken(email, 'invitation')).toBe(token)
    const rows = await db().invitation.findMany({ where: { email }, omit: { tokenDigest: false } })
    expect(JSON.stringify(rows)).not.toContain(token)
    const smtp = await startSmtpSink()
    onTestFinished(() => smtp.close())
    setEnvironment({ SMTP_URL: smtp.url })
    expect((await inviteMember(owner, { email, role: 'member' })).link).toBeNull()
    await backgroundSettled()
    expect(smtp.received.map(({ to }) => to)).toEqual([email])
    const [, mailed = ''] = /\/invite\/(\w{32})\b/.exec(smtp.received[0]?.text ?? '') ?? []
    expect(await previewInvitation(mailed)).toMatchObject({ email })
  })

  it('cannot be used to send mail without end', async () => {
    const refused: PromiseSettledResult<unknown>[] = []
    for (let some = 0; some < 60; some += 10) {
      const sends = Array.from({ length: 10 }, (_, n) =>
        inviteMember(owner, { email: `${some + n}-${email}`, role: 'viewer' }),
      )
      refused.push(...(await Promise.allSettled(sends)).filter(({ status }) => status === 'rejected'))
    }
    expect(refused.length).toBeGreaterThanOrEqual(9)
    expect(refused[0]).toMatchObject({ reason: { code: 'too_many_failed_attempts' } })
  })
})

describe('the list of invitations', () => {
  it('shows what is open, marks what is past its 7 days, and is for admins', async () => {
    const now = new Date()
    await invite('member', now)
    expect(await openOnes(owner, new Date(now.getTime() + 7 * DAY_MS - 1))).toMatchObject([
      { email, expired: false },
    ])
    expect(await openOnes(owner, new Date(now.getTime() + 7 * DAY_MS))).toMatchObject([
      { email, expired: true },
    ])
    const member = await personOf(owner.organizationId, 'member')
    await expect(openOnes(member)).rejects.toEqual(code('insufficient_role'))
  })

  it('is of one organization: another one neither sees nor revokes them', async () => {
    const token = await invite()
    const [invitation] = await openOnes()
    const foreign = await personOf((await tenant()).organization.id, 'owner')
    expect(await openOnes(foreign)).toEqual([])
    const id = invitation?.id ?? ''
    await expect(revokeInvitation(foreign, { id })).rejects.toEqual(code('not_found'))
    expect(await previewInvitation(token)).not.toBeNull()
  })

  it('revokes once, and the link is dead from then on', async () => {
    const token = await invite()
    const id = (await openOnes())[0]?.id ?? ''
    expect(await revokeInvitation(owner, { id })).toEqual({ id, withdrawn: true })
    await expect(revokeInvitation(owner, { id })).rejects.toEqual(code('not_found'))
    await expect(acceptInvitation(newPerson(token), origin, null)).rejects.toEqual(code('not_found'))
    const actions = (await auditOf(owner.organizationId)).map(({ action }) => action)
    expect(actions).toContain('invitation.created')
    expect(actions).toContain('invitation.revoked')
  })
})

describe('acceptInvitation', () => {
  it('makes a new person a member with the invited role and address, signed in, with no other organization', async () => {
    const { session } = await acceptInvitation(newPerson(await invite('viewer')), origin, null)
    const issuedAt = Math.floor(Date.now() / 1000)
    const { sub: userId = '', sid: sessionId = '' } = session ?? {}
    expect(await findActiveSession({ userId, sessionId, issuedAt })).toMatchObject({
      user: { email, name: 'Grace Hopper' },
      organization: { id: owner.organizationId },
      role: 'viewer',
      memberships: [{}],
    })
    expect((await auditOf(owner.organizationId)).map(({ action }) => action)).toContain('member.joined')
  })

  it('names what a new person left out, and refuses a guessable password; the link stays good', async () => {
    const token = await invite()
    await expect(acceptInvitation({ token }, origin, null)).rejects.toMatchObject({
      code: 'invalid_request',
      details: { fields: { name: expect.any(String), password: expect.any(String) } },
    })
    const weak = acceptInvitation({ token, name: 'Grace', password: 'password1234' }, origin, null)
    await expect(weak).rejects.toEqual(code('invalid_request'))
    expect(await previewInvitation(token)).not.toBeNull()
  })

  it('joins somebody signed in with that address at once, and takes the session there', async () => {
    const token = await invite('admin')
    const viewer = await invitee()
    const { session } = await acceptInvitation({ token }, origin, viewer)
    expect(session).toEqual({
      sub: viewer.user.id,
      sid: viewer.principal.sessionId,
      org: owner.organizationId,
    })
    expect(await listMembers(owner)).toContainEqual(expect.objectContaining({ email, role: 'admin' }))
  })

  it('refuses somebody signed in with another address, and asks the owner of the address to sign in', async () => {
    const token = await invite()
    const other = await invitee(`other-${email}`)
    await expect(acceptInvitation({ token }, origin, other)).rejects.toEqual(code('conflict'))
    await personAlone({ email, password: PASSWORD, name: 'Grace Hopper' })
    await expect(acceptInvitation(newPerson(token), origin, null)).rejects.toEqual(code('session_required'))
    expect(await listMembers(owner)).toHaveLength(1)
    expect(await previewInvitation(token)).toMatchObject({ accountExists: true })
  })

  it('ends 7 days after the invitation, to the millisecond', async () => {
    const now = new Date()
    const token = await invite('member', now)
    const week = new Date(now.getTime() + 7 * DAY_MS)
    expect(await previewInvitation(token, new Date(week.getTime() - 1))).not.toBeNull()
    expect(await previewInvitation(token, week)).toBeNull()
    await expect(acceptInvitation(newPerson(token), origin, null, week)).rejects.toEqual(code('not_found'))
  })

  it('gives the role that it has when it is used, not the one it had when its link was opened', async () => {
    const token = await invite('admin')
    const [{ id } = { id: '' }] = await openOnes()
    const opened = await db().invitation.findUniqueOrThrow({ where: { id }, include: { organization: true } })
    const { id: userId } = await personAlone({ email, password: PASSWORD, name: 'Grace Hopper' })
    await changeInvitation(owner, { id, role: 'viewer' })
    const role = await inTransaction((tx) => claimInvitation(tx, opened, userId, origin, new Date()))
    const { organizationId } = owner
    const member = await db().membership.findFirst({ where: { organizationId, userId } })
    expect([role, member?.role]).toEqual(['viewer', 'viewer'])
    expect((await auditOf(owner.organizationId)).at(-1)?.after).toMatchObject({ role: 'viewer' })
    expect(await previewInvitation(token)).toBeNull()
  })

  it('admits nobody when it is revoked while somebody accepts it', async () => {
    const token = await invite()
    const viewer = await invitee()
    const accepting = await db().$transaction(
      async (tx) => {
        await tx.invitation.updateMany({ where: { email }, data: { revokedAt: new Date() } })
        const promise = acceptInvitation({ token }, origin, viewer).catch((error: unknown) => error)
        await untilSomebodyWaits()
        return { promise }
      },
      { timeout: 20_000 },
    )
    expect(await accepting.promise).toEqual(code('not_found'))
    expect((await listMembers(owner)).map((member) => member.email)).not.toContain(email)
  })

  it('is won by one of several who accept the same link at once', async () => {
    const token = await invite()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => acceptInvitation(newPerson(token), origin, null)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await db().membership.count({ where: { user: { email } } })).toBe(1)
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Role, UserPrincipal } from '../core/principal'
import { judgeSession } from '../edge/key-cache'
import { backgroundSettled } from '../store/background'
import { cache } from '../store/cache'
import { closeDb, db, inTransaction } from '../store/db'
import { createAgentIn } from './agents'
import { createApiKey } from './api-keys'
import { createDataSourceIn } from './data-sources'
import { acceptInvitation, previewInvitation } from './invitation-acceptance'
import { inviteMember, listInvitations } from './invitations'
import { verifyApiKey } from './key-verifier'
import { getMember, leaveOrganization, removeMember } from './member-removal'
import { endAllSessions } from './organization-sessions'
import { addMember } from './organizations'
import { findActiveSession, startSession } from './sessions'
import { askGate, warmUp, withoutRedis } from './testing/keys'
import { addSaml, passTest } from './testing/sso-settings'
import { auditOf, keyOf, personOf, tenant } from './testing/tenants'

const code = (value: string) => expect.objectContaining({ code: value })
const KEEP = { api_keys: 'keep', connections: 'keep', invitations: 'keep' } as const
const END = { api_keys: 'revoke', connections: 'disconnect', invitations: 'withdraw' } as const
const NOW_SECONDS = Math.floor(Date.now() / 1000)

let organizationId = ''
let owner: UserPrincipal
let admin: UserPrincipal
beforeAll(warmUp)
beforeEach(async () => {
  organizationId = (await tenant('enterprise')).organization.id
  owner = await personOf(organizationId, 'owner')
  admin = await personOf(organizationId, 'admin')
})
afterAll(async () => {
  await backgroundSettled()
  await closeDb()
})

/** A session of the person in an organization. */
async function signIn({ userId }: UserPrincipal, place = organizationId, role: Role = 'member') {
  const input = { userId, organizationId: place, role, method: 'password' }
  const { sid: sessionId } = await inTransaction((tx) => startSession(tx, input, {}))
  return {
    sessionId,
    now: () => findActiveSession({ userId, sessionId, issuedAt: NOW_SECONDS }),
  }
}

/** A key of the person that the gate knows. */
async function usedKey(person: UserPrincipal, scopes: Array<'read' | 'admin'> = ['read']) {
  const { key, id } = await createApiKey(person, { name: 'CI', scopes, environment: 'live' })
  await verifyApiKey(key)
  return { key, id, kind: async () => (await askGate(key)).kind }
}

const invited = async (by: UserPrincipal, role: Role = 'viewer') =>
  inviteMember(by, { email: `${randomUUID()}@removal.example`, role })

describe('removing a member', () => {
  it('shows what they leave behind: sessions, keys, invitations, and what stays the organization’s', async () => {
    await signIn(admin)
    const { id: keyId } = await usedKey(admin, ['admin'])
    const { id: invitationId } = await invited(admin)
    await createAgentIn(admin, { name: 'Support', instructions: '', environment: 'live' })
    await createDataSourceIn(admin, { name: 'Notes', kind: 'text', environment: 'test' })
    const elsewhere = (await tenant()).organization.id
    await signIn(admin, elsewhere)
    expect(await getMember(owner, { id: admin.userId })).toMatchObject({
      id: admin.userId,
      role: 'admin',
      leaves_behind: {
        sessions: 1,
        api_keys: [{ id: keyId, name: 'CI', scopes: ['admin'], environment: 'live' }],
        invitations: [{ id: invitationId, role: 'viewer' }],
        stays: { agents: 1, data_sources: 1, external_keys: 0 },
      },
    })
  })

  it('ends their sessions here and nowhere else, and keeps keys and invitations that are to be kept', async () => {
    const elsewhere = (await tenant()).organization.id
    await inTransaction((tx) =>
      addMember(tx, { organizationId: elsewhere, userId: admin.userId, role: 'viewer' }),
    )
    const [here, there] = [await signIn(admin), await signIn(admin, elsewhere)]
    const key = await usedKey(admin)
    const { id: invitation } = await invited(admin)
    const removed = await removeMember(owner, { id: admin.userId, ...KEEP })
    expect(removed).toMatchObject({ sessions_ended: 1, api_keys_revoked: [], invitations_withdrawn: [] })
    expect(await here.now()).toEqual({ ended: 'removed' })
    const asked = { sessionId: here.sessionId, organizationId, address: '' }
    expect(await judgeSession(cache(), asked)).toEqual({ kind: 'ended', reason: 'removed' })
    expect(await there.now()).toHaveProperty('user')
    expect(await key.kind()).toBe('admit')
    const open = (await listInvitations(owner, { limit: 200 })).data.map(({ id }) => id)
    expect(open).toContain(invitation)
    await expect(getMember(owner, { id: admin.userId })).rejects.toEqual(code('not_found'))
  })

  it('revokes every key that they made, at the gate too, and withdraws what they sent, where that is chosen', async () => {
    const [first, second] = [await usedKey(admin), await usedKey(admin, ['admin'])]
    const another = await usedKey(owner)
    const { id: invitation, link } = await invited(admin)
    const version = async () =>
      (await db().apiKey.findUniqueOrThrow({ where: { id: first.id } })).stateVersion
    const known = await version()
    const removed = await removeMember(owner, { id: admin.userId, ...END })
    // Higher, or an entry that a process read before would replace the deletion.
    expect(await version()).toBeGreaterThan(known)
    expect(removed.api_keys_revoked.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort())
    for (const { effective_at, revoked_at } of removed.api_keys_revoked) {
      expect(Date.parse(effective_at) - Date.parse(revoked_at)).toBeLessThan(60_000)
    }
    expect(removed.invitations_withdrawn).toEqual([invitation])
    expect([await first.kind(), await second.kind(), await another.kind()]).toEqual(['mark', 'mark', 'admit'])
    expect(await previewInvitation(link?.split('/').at(-1) ?? '')).toBeNull()
  })

  it('writes one audit row for each thing that it ends', async () => {
    await signIn(admin)
    const { id: keyId } = await usedKey(admin)
    const { id: invitation } = await invited(admin)
    await removeMember(owner, { id: admin.userId, ...END })
    const rows = (await auditOf(organizationId)).slice(-3)
    expect(rows).toMatchObject([
      { action: 'api_key.revoked', targetId: keyId, actorId: owner.userId },
      { action: 'invitation.revoked', targetId: invitation },
      {
        action: 'member.removed',
        targetId: admin.userId,
        before: { role: 'admin' },
        after: { sessions_ended: 1, api_keys_revoked: [keyId], invitations_withdrawn: [invitation] },
      },
    ])
  })

  it('says when a cache could not be told of a key: it lies ahead', async () => {
    await usedKey(admin)
    const { api_keys_revoked: keys } = await withoutRedis(() =>
      removeMember(owner, { id: admin.userId, ...END }),
    )
    const [{ effective_at, revoked_at } = { effective_at: '', revoked_at: '' }] = keys
    expect(Date.parse(effective_at) - Date.parse(revoked_at)).toBeGreaterThanOrEqual(300_000)
  })

  it('is undone as a whole where a part of it is refused', async () => {
    // An admin’s key is beyond a member, who leaves and would take it along.
    const leaver = await personOf(organizationId, 'admin')
    const { kind } = await usedKey(leaver, ['admin'])
    await db().membership.update({
      where: { organizationId_userId: { organizationId, userId: leaver.userId } },
      data: { role: 'member' },
    })
    const session = await signIn(leaver)
    const left = leaveOrganization({ ...leaver, sessionId: session.sessionId }, END)
    await expect(left).rejects.toEqual(code('insufficient_role'))
    expect(await session.now()).toHaveProperty('user')
    expect(await kind()).toBe('admit')
  })

  it('kills open invitations to their own address: whoever was removed stays removed', async () => {
    const joiner = await personOf((await tenant()).organization.id, 'owner')
    const { email } = await db().user.findUniqueOrThrow({ where: { id: joiner.userId } })
    const other = await tenant()
    const elsewhere = await inviteMember(other.operator, { email, role: 'viewer' })
    const before = await inviteMember(owner, { email, role: 'viewer' })
    await inTransaction((tx) => addMember(tx, { organizationId, userId: joiner.userId, role: 'viewer' }))
    await removeMember(owner, { id: joiner.userId, ...KEEP })
    expect(await previewInvitation(before.link?.split('/').at(-1) ?? '')).toBeNull()
    const again = await inviteMember(owner, { email, role: 'viewer' })
    expect(await previewInvitation(again.link?.split('/').at(-1) ?? '')).toMatchObject({ email })
    expect(await previewInvitation(elsewhere.link?.split('/').at(-1) ?? '')).toMatchObject({ email })
  })

  // By hand from spec.md G1.
  it.each([
    ['viewer', { viewer: false, member: false, admin: false, owner: false }],
    ['member', { viewer: false, member: false, admin: false, owner: false }],
    ['admin', { viewer: true, member: true, admin: true, owner: false }],
    ['key', { viewer: true, member: true, admin: true, owner: false }],
    ['owner', { viewer: true, member: true, admin: true, owner: true }],
  ] as const)('by %s reaches as far as the role', async (actor, reach) => {
    const principal =
      actor === 'key' ? keyOf(organizationId, ['admin']) : await personOf(organizationId, actor)
    for (const [role, allowed] of Object.entries(reach)) {
      const { userId: id } = await personOf(organizationId, role as Role)
      const removal = removeMember(principal, { id, ...KEEP })
      if (allowed) expect(await removal).toMatchObject({ id, removed: true })
      else await expect(removal, role).rejects.toEqual(code('insufficient_role'))
    }
  })

  it('is for whoever manages members, and so is looking at what others leave behind', async () => {
    const weak = keyOf(organizationId, ['read', 'write', 'execute'])
    await expect(removeMember(weak, { id: admin.userId, ...KEEP })).rejects.toEqual(
      code('insufficient_scope'),
    )
    await expect(getMember(weak, { id: admin.userId })).rejects.toEqual(code('insufficient_scope'))
    const viewer = await personOf(organizationId, 'viewer')
    await expect(getMember(viewer, { id: admin.userId })).rejects.toEqual(code('insufficient_role'))
    expect(await getMember(viewer, { id: viewer.userId })).toMatchObject({ role: 'viewer' })
  })

  it('is another organization’s to nobody, and a Test key’s to none', async () => {
    const stranger = await personOf((await tenant()).organization.id, 'owner')
    for (const reach of [
      getMember,
      (who: UserPrincipal, what: { id: string }) => removeMember(who, { ...what, ...KEEP }),
    ]) {
      await expect(reach(stranger, { id: admin.userId })).rejects.toEqual(code('not_found'))
    }
    const testKey = keyOf(organizationId, ['admin'], 'test')
    await expect(removeMember(testKey, { id: admin.userId, ...KEEP })).rejects.toEqual(code('conflict'))
  })

  it('neither deadlocks with nor loses to somebody who accepts an invitation at that moment', async () => {
    const joiner = await personOf((await tenant()).organization.id, 'owner')
    const { email } = await db().user.findUniqueOrThrow({ where: { id: joiner.userId } })
    const { link } = await inviteMember(admin, { email, role: 'member' })
    const token = link?.split('/').at(-1) ?? ''
    const session = await signIn(joiner, joiner.organizationId, 'owner')
    const viewer = {
      principal: { ...joiner, sessionId: session.sessionId },
      user: { id: joiner.userId, email },
    }
    const [joined, removed] = await Promise.allSettled([
      acceptInvitation({ token }, {}, viewer),
      removeMember(owner, { id: admin.userId, ...END }),
    ])
    expect(removed.status).toBe('fulfilled')
    if (joined.status === 'rejected') expect(joined.reason).toEqual(code('not_found'))
  })
})

describe('leaving', () => {
  it('takes the present session to another organization that takes it, and ends the others', async () => {
    const elsewhere = (await tenant()).organization.id
    await inTransaction((tx) =>
      addMember(tx, { organizationId: elsewhere, userId: admin.userId, role: 'viewer' }),
    )
    const [present, other] = [await signIn(admin), await signIn(admin)]
    await leaveOrganization({ ...admin, sessionId: present.sessionId }, KEEP)
    expect(await present.now()).toMatchObject({ organization: { id: elsewhere }, role: 'viewer' })
    expect(await other.now()).toEqual({ ended: 'left' })
    expect((await auditOf(organizationId)).at(-1)).toMatchObject({ action: 'member.left' })
  })

  it('does not take it past single sign-on that the other organization enforces', async () => {
    const { organization, operator } = await tenant('enterprise')
    const { id } = await addSaml(operator)
    await passTest(organization.id, id)
    await db().ssoConnection.update({ where: { id }, data: { enforcedAt: new Date() } })
    await inTransaction((tx) =>
      addMember(tx, { organizationId: organization.id, userId: admin.userId, role: 'viewer' }),
    )
    const { sessionId, now } = await signIn(admin)
    await leaveOrganization({ ...admin, sessionId }, KEEP)
    expect(await now()).toEqual({ ended: 'left' })
  })

  it('is for a viewer too, and not for the last owner', async () => {
    const viewer = await personOf(organizationId, 'viewer')
    const { sessionId, now } = await signIn(viewer)
    await leaveOrganization({ ...viewer, sessionId }, KEEP)
    expect(await now()).toEqual({ ended: 'left' })
    await expect(leaveOrganization(owner, KEEP)).rejects.toMatchObject({
      code: 'conflict',
      details: { last_owner: true },
    })
  })
})

describe('ending all sessions of an organization', () => {
  it('ends every one but the caller’s own, and none of another organization', async () => {
    const elsewhere = (await tenant()).organization.id
    await inTransaction((tx) =>
      addMember(tx, { organizationId: elsewhere, userId: owner.userId, role: 'viewer' }),
    )
    const [own, second, foreign] = [await signIn(admin), await signIn(owner), await signIn(owner, elsewhere)]
    expect(await endAllSessions({ ...admin, sessionId: own.sessionId })).toEqual({ ended: 1 })
    expect(await own.now()).toHaveProperty('user')
    expect(await second.now()).toEqual({ ended: 'ended_by_admin' })
    expect(await foreign.now()).toHaveProperty('user')
    const member = await personOf(organizationId, 'member')
    await expect(endAllSessions(member)).rejects.toEqual(code('insufficient_role'))
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Role, UserPrincipal } from '../core/principal'
import { backgroundSettled } from '../store/background'
import { closeDb } from '../store/db'
import { previewInvitation } from './invitation-acceptance'
import {
  changeInvitation,
  getInvitation,
  inviteMember,
  listInvitations,
  resendInvitation,
  revokeInvitation,
} from './invitations'
import { auditOf, personAlone, personOf, tenant } from './testing/tenants'

const PASSWORD = 'violet harbour lamp 42'
const DAY_MS = 24 * 3600_000
const code = (value: string) => expect.objectContaining({ code: value })

let owner: UserPrincipal
let email = ''
beforeEach(async () => {
  owner = await personOf((await tenant()).organization.id, 'owner')
  email = `${randomUUID()}@invitations.example`
})
afterEach(backgroundSettled)
afterAll(closeDb)

async function invite(role: Role = 'member', now?: Date): Promise<string> {
  const { link } = await inviteMember(owner, { email, role }, now)
  return link?.split('/').at(-1) ?? ''
}

const openOnes = async () => (await listInvitations(owner, { limit: 50 })).data

describe('an open invitation', () => {
  it('is sent again for 7 more days: the same row with a new link, and the earlier link is dead', async () => {
    const now = new Date()
    const first = await invite('admin', now)
    const [{ id } = { id: '' }] = await openOnes()
    const later = new Date(now.getTime() + 8 * DAY_MS)
    const sent = await resendInvitation(owner, { id }, later)
    expect(sent).toMatchObject({ id, email, role: 'admin', created_at: later.toISOString(), expired: false })
    expect(await previewInvitation(first, now)).toBeNull()
    const second = sent.link?.split('/').at(-1) ?? ''
    expect(await previewInvitation(second, new Date(later.getTime() + 7 * DAY_MS - 1))).not.toBeNull()
    expect(await previewInvitation(second, new Date(later.getTime() + 7 * DAY_MS))).toBeNull()
    expect((await auditOf(owner.organizationId)).map(({ action }) => action)).toContain('invitation.resent')
  })

  it('changes its role under the same link, and only as far as the roles of both reach', async () => {
    const token = await invite('member')
    const [{ id } = { id: '' }] = await openOnes()
    const admin = await personOf(owner.organizationId, 'admin')
    expect(await changeInvitation(admin, { id, role: 'admin' })).toMatchObject({ id, role: 'admin' })
    await expect(changeInvitation(admin, { id, role: 'owner' })).rejects.toEqual(code('insufficient_role'))
    await changeInvitation(owner, { id, role: 'owner' })
    for (const touch of [
      () => changeInvitation(admin, { id, role: 'viewer' }),
      () => resendInvitation(admin, { id }),
    ]) {
      await expect(touch()).rejects.toEqual(code('insufficient_role'))
    }
    expect(await previewInvitation(token)).toMatchObject({ role: 'owner' })
  })

  it('is another organization’s to nobody', async () => {
    await invite()
    const [{ id } = { id: '' }] = await openOnes()
    const foreign = await personOf((await tenant()).organization.id, 'owner')
    for (const reach of [getInvitation, resendInvitation, revokeInvitation]) {
      await expect(reach(foreign, { id })).rejects.toEqual(code('not_found'))
    }
    await expect(changeInvitation(foreign, { id, role: 'viewer' })).rejects.toEqual(code('not_found'))
  })

  it('answers alike whether the address has an account or not', async () => {
    await personAlone({ email, password: PASSWORD, name: 'Grace Hopper' })
    const known = await inviteMember(owner, { email, role: 'member' })
    const unknown = await inviteMember(owner, { email: `new-${email}`, role: 'member' })
    const shape = (sent: object) =>
      Object.entries(sent).map(([key, value]) => [key, value === null ? null : typeof value])
    expect(shape(known)).toEqual(shape(unknown))
  })
})

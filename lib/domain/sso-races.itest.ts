import { afterAll, expect, test } from 'vitest'
import { closeDb, db } from '../store/db'
import { closeIdp } from '../store/idp'
import { vouchForDomain } from './domain-proofs'
import { acceptInvitation } from './invitation-acceptance'
import { inviteMember } from './invitations'
import { startSessionForPassword } from './passwords'
import { guarded } from './testing/doors'
import { newestToken } from './testing/outbox'
import { fresh, origin } from './testing/sso-world'
import { personOf, tenant } from './testing/tenants'

afterAll(async () => {
  await closeIdp()
  await closeDb()
})

const ROUNDS = 30
const openOf = (userId: string) => db().session.count({ where: { userId, endedAt: null } })

/** What was not refused for SSO must have gone well. */
async function onlySsoRefuses(work: Promise<unknown>): Promise<void> {
  await work.catch((error: { code?: string }) => {
    if (error.code !== 'sso_required') throw error
  })
}

test(`a domain that is verified while its people sign in leaves no session of a password, ${ROUNDS} times`, async () => {
  const place = await guarded()
  await place.enforce()
  for (let round = 0; round < ROUNDS; round++) {
    const domain = `r${fresh()}.example`
    const { userId } = await place.member('member', `ada@${domain}`)
    const stored = { userId, hash: place.passwordHash }
    const flights = [1, 2].map(() => onlySsoRefuses(startSessionForPassword(stored, origin)))
    await Promise.all([...flights, vouchForDomain(place.operator, { domain })])
    expect(await openOf(userId), `round ${round}`).toBe(0)
  }
})

test(`a domain that is verified while one of its people joins leaves no session of a password, ${ROUNDS} times`, async () => {
  const place = await guarded()
  await place.enforce()
  const elsewhere = (await tenant()).organization.id
  for (let round = 0; round < ROUNDS; round++) {
    const domain = `j${fresh()}.example`
    const email = `ada@${domain}`
    const person = await personOf(elsewhere, 'member')
    const { userId } = person
    const [{ passwordHash: hash }] = [place]
    await db().user.update({ where: { id: userId }, data: { email } })
    await db().password.update({ where: { userId }, data: { hash } })
    const { sid: sessionId } = await startSessionForPassword({ userId, hash }, origin)
    await inviteMember(place.operator, { email, role: 'member' })
    const token = await newestToken(email, 'invitation')
    const viewer = { principal: { ...person, sessionId }, user: { id: userId, email } }
    await Promise.all([
      acceptInvitation({ token }, origin, viewer),
      vouchForDomain(place.operator, { domain }),
    ])
    expect(await openOf(userId), `round ${round}`).toBe(0)
  }
})

import { expect, test } from 'vitest'
import { SsoAttemptsQuery } from '../core/sso-schemas'
import { getSsoAttempt, listSsoAttempts, recordAttempt, sweepSsoAttempts } from './sso-attempts'
import { personOf, tenant } from './testing/tenants'

const DAY_MS = 24 * 3600 * 1000
const NOW = new Date()

const check = (ok: boolean) => ({ check: 'audience', expected: 'ours', received: ok ? 'ours' : 'theirs', ok })

function record(organizationId: string | null, { ok = true, connectionId = 'sso_one', daysAgo = 0 } = {}) {
  const place = { organizationId, connectionId, purpose: 'sign_in' as const }
  const at = new Date(NOW.getTime() - daysAgo * DAY_MS)
  return recordAttempt(
    place,
    { checks: [check(ok)], email: 'ada@acme.test' },
    { clientIp: '203.0.113.1' },
    at,
  )
}

test('an attempt is found by its reference or its beginning, by connection and by outcome, newest first', async () => {
  const { organization, operator } = await tenant('enterprise')
  const good = await record(organization.id, { daysAgo: 2 })
  const bad = await record(organization.id, { ok: false, daysAgo: 1 })
  const other = await record(organization.id, { connectionId: 'sso_two' })
  const found = async (query: Record<string, unknown>) =>
    (await listSsoAttempts(operator, SsoAttemptsQuery.parse(query))).data.map(({ id }) => id)
  expect(await found({})).toEqual([other, bad, good])
  expect(await found({ reference: bad })).toEqual([bad])
  expect(await found({ reference: ` ${bad.slice(0, 12)} ` })).toEqual([bad])
  expect(await found({ reference: 'ref_%' })).toEqual([])
  expect(await found({ connection_id: 'sso_two' })).toEqual([other])
  expect(await found({ outcome: 'failed' })).toEqual([bad])
  expect(await found({ outcome: 'succeeded', connection_id: 'sso_one' })).toEqual([good])
  const { next_cursor: cursor } = await listSsoAttempts(operator, SsoAttemptsQuery.parse({ limit: 2 }))
  expect(await found({ limit: 2, cursor })).toEqual([good])
  expect(await getSsoAttempt(operator, { id: bad })).toMatchObject({
    reason: 'audience',
    succeeded: false,
    checks: [{ check: 'audience', expected: 'ours', received: 'theirs', ok: false }],
    clientIp: '203.0.113.1',
  })
})

test('the log is for admins of its organization; what belongs to none is in no organization’s', async () => {
  const [mine, theirs] = [await tenant('enterprise'), await tenant('enterprise')]
  const [foreign, stray] = [await record(theirs.organization.id), await record(null)]
  for (const id of [foreign, stray]) {
    await expect(getSsoAttempt(mine.operator, { id })).rejects.toMatchObject({ code: 'not_found' })
    const query = SsoAttemptsQuery.parse({ reference: id })
    expect((await listSsoAttempts(mine.operator, query)).data).toEqual([])
  }
  const member = await personOf(theirs.organization.id, 'member')
  await expect(getSsoAttempt(member, { id: foreign })).rejects.toMatchObject({ code: 'insufficient_role' })
  await expect(listSsoAttempts(member, { limit: 1 })).rejects.toMatchObject({ code: 'insufficient_role' })
})

test('attempts are kept for 30 days', async () => {
  const { organization, operator } = await tenant('enterprise')
  const [kept, old] = [
    await record(organization.id, { daysAgo: 29.9 }),
    await record(organization.id, { daysAgo: 30.1 }),
  ]
  await sweepSsoAttempts(NOW)
  expect((await listSsoAttempts(operator, { limit: 9 })).data.map(({ id }) => id)).toEqual([kept])
  await expect(getSsoAttempt(operator, { id: old })).rejects.toMatchObject({ code: 'not_found' })
})

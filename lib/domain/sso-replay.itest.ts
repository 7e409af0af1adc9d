import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { db } from '../store/db'
import { closeIdp } from '../store/idp'
import { arrivalToConfirm } from './sso-arrivals'
import { activateSsoConnection } from './sso-connection-changes'
import { FLOW_TTL_MS } from './sso-flows'
import {
  answerOf,
  begin,
  company,
  finish,
  fresh,
  post,
  refusedFor,
  type SamlCompany,
  samlCompany,
  sessionsOf,
} from './testing/sso-world'

const INVALID = 'sso_invalid_assertion'
const times = (count: number) => Array.from({ length: count })

let place: SamlCompany
let open: SamlCompany
beforeAll(async () => {
  place = await samlCompany()
  open = await samlCompany({ idp_initiated: true })
})
afterAll(closeIdp)

async function settled(work: Array<Promise<unknown>>): Promise<number> {
  return (await Promise.allSettled(work)).filter(({ status }) => status === 'fulfilled').length
}

describe('SA-36 an answer is good for one session', () => {
  test('posted twenty times at once, and finished twenty times at once', async () => {
    const own = await samlCompany()
    const journey = await begin(own.email)
    const xml = answerOf(own, journey.requestId)
    expect(await settled(times(20).map(() => post(xml, journey.relay)))).toBe(1)
    expect(await settled(times(20).map(() => finish(journey)))).toBe(1)
    expect(await sessionsOf(own.organizationId)).toBe(1)
  })

  test('posted again where it belongs, with the RelayState of another journey, and with none', async () => {
    const journey = await begin(place.email)
    const xml = answerOf(place, journey.requestId)
    await post(xml, journey.relay)
    await finish(journey)
    expect(await refusedFor(post(xml, journey.relay))).toEqual({ code: INVALID, failed: ['journey'] })
    const other = await begin(place.email)
    const elsewhere = ['in_response_to', 'confirmed_request']
    expect(await refusedFor(post(xml, other.relay))).toEqual({ code: INVALID, failed: elsewhere })
    expect(await refusedFor(post(xml, null))).toEqual({ code: INVALID, failed: elsewhere })
  })

  test('one that nobody asked for, twenty times at once: one browser may go on', async () => {
    const xml = answerOf(open, null)
    expect(await settled(times(20).map(() => post(xml, null)))).toBe(1)
    expect(await refusedFor(post(xml, null))).toEqual({ code: INVALID, failed: ['single_use'] })
  })

  test('an assertion of the same ID in a journey of its own', async () => {
    const assertionId = `_a${fresh()}`
    const [first, second] = [await begin(place.email), await begin(place.email)]
    await post(answerOf(place, first.requestId, { assertionId }), first.relay)
    const again = post(answerOf(place, second.requestId, { assertionId }), second.relay)
    expect(await refusedFor(again)).toEqual({ code: INVALID, failed: ['single_use'] })
  })

  test('not after the time that a journey may take', async () => {
    const began = new Date(Date.now() - FLOW_TTL_MS - 1000)
    const journey = await begin(place.email, began)
    const late = post(answerOf(place, journey.requestId), journey.relay)
    expect(await refusedFor(late)).toEqual({ code: INVALID, failed: ['journey'] })
  })
})

describe('SA-37 the answer of somebody else signs nobody in', () => {
  test('in a browser without the journey’s secret, or with that of another', async () => {
    const [theirs, mine] = [await begin(place.email), await begin(place.email)]
    await post(answerOf(place, theirs.requestId), theirs.relay)
    const browser = { code: INVALID, failed: ['browser'] }
    for (const state of ['', 'x'.repeat(32), mine.state]) {
      expect(await refusedFor(finish({ id: theirs.id, state }))).toEqual(browser)
    }
    expect(await refusedFor(finish({ id: mine.id, state: mine.state }))).toEqual(browser)
    expect((await finish(theirs)).kind).toBe('signed_in')
    expect(await refusedFor(finish(theirs))).toEqual(browser)
  })

  test('that nobody asked for, unless the person at the browser says that it is them', async () => {
    const before = await sessionsOf(open.organizationId)
    const { flowId: id, state } = await post(answerOf(open, null), null)
    const arrived = { id, state: state ?? '' }
    expect(await finish(arrived)).toEqual({ kind: 'to_confirm' })
    expect(await sessionsOf(open.organizationId)).toBe(before)
    const { name } = await db().organization.findUniqueOrThrow({ where: { id: open.organizationId } })
    expect(await arrivalToConfirm({ flowId: id, state: state ?? '' })).toEqual({
      email: open.email,
      organization: name,
    })
    expect(await arrivalToConfirm({ flowId: id, state: 'x'.repeat(32) })).toBeNull()
    expect((await finish(arrived, true)).kind).toBe('signed_in')
    expect(await arrivalToConfirm({ flowId: id, state: state ?? '' })).toBeNull()
  })

  test('nothing is asked in a journey that began here', async () => {
    const journey = await begin(place.email)
    await post(answerOf(place, journey.requestId), journey.relay)
    expect(await arrivalToConfirm({ flowId: journey.id, state: journey.state })).toBeNull()
  })
})

describe('SA-38 an answer that nobody asked for', () => {
  test('is refused where the connection does not take such ones, and its organization sees it', async () => {
    expect(await refusedFor(post(answerOf(place, null), null))).toEqual({
      code: INVALID,
      failed: ['in_response_to'],
    })
    const where = { organizationId: place.organizationId, reason: 'in_response_to' }
    expect(await db().ssoAttempt.count({ where })).toBeGreaterThan(0)
  })

  test('is refused where the connection was switched off, and where nobody has its issuer', async () => {
    const own = await samlCompany({ idp_initiated: true })
    await activateSsoConnection(own.operator, { id: own.connection.id, active: false })
    const refused = { code: INVALID, failed: ['in_response_to'] }
    expect(await refusedFor(post(answerOf(own, null), null))).toEqual(refused)
    const strange = answerOf(open, null, { issuer: 'https://nobody.example', responseIssuer: undefined })
    expect(await refusedFor(post(strange, null))).toEqual(refused)
  })

  test('finds its organization among many with the same identity provider', async () => {
    const crowd = await Promise.all(Array.from({ length: 4 }, () => samlCompany({ idp_initiated: true })))
    const last = await samlCompany({ idp_initiated: true })
    const ids = [...crowd, last].map(({ connection }) => connection.id)
    const shared = { entityId: last.issuer, certificates: [last.keys.der] }
    await db().ssoConnection.updateMany({ where: { id: { in: ids } }, data: shared })
    const { flowId } = await post(answerOf(last, null), null)
    const flow = await db().ssoFlow.findUniqueOrThrow({ where: { id: flowId } })
    expect(flow.organizationId).toBe(last.organizationId)
  })

  test('goes to the connection that signed it, of two organizations with one identity provider', async () => {
    const twin = await samlCompany({ idp_initiated: true })
    await db().ssoConnection.update({ where: { id: twin.connection.id }, data: { entityId: open.issuer } })
    const { flowId } = await post(answerOf({ ...twin, issuer: open.issuer }, null), null)
    const flow = await db().ssoFlow.findUniqueOrThrow({ where: { id: flowId } })
    expect(flow.organizationId).toBe(twin.organizationId)
  })
})

describe('SA-39 a RelayState leads nowhere', () => {
  test.each(['https://evil.example/', 'javascript:alert(1)', '//evil.example', '', "' OR 1=1 --"])(
    'such as %j',
    async (relay) => {
      const journey = await begin(place.email)
      const answer = post(answerOf(place, journey.requestId), relay)
      expect((await refusedFor(answer)).failed).toEqual(['in_response_to', 'confirmed_request'])
      const { flowId: id, state } = await post(answerOf(open, null), relay)
      expect(await finish({ id, state: state ?? '' }, true)).toMatchObject({ returnTo: null })
    },
  )

  test('nor does that of another person’s journey, or of another organization’s', async () => {
    const [mine, theirs, foreign] = [
      await begin(place.email),
      await begin(place.email),
      await begin(open.email),
    ]
    for (const { relay } of [theirs, foreign]) {
      const failed = (await refusedFor(post(answerOf(place, mine.requestId), relay))).failed
      expect(failed).toContain('in_response_to')
    }
  })
})

describe('SA-40 an identity provider vouches for its organization’s verified domains alone', () => {
  const addresses: [string, (domain: string) => string][] = [
    ['nobody’s', () => `eve@n${fresh()}.example`],
    ['a sub-domain of its own', (domain) => `eve@mail.${domain}`],
    ['one that ends like its own', (domain) => `eve@x${domain}`],
    ['one that begins like its own', (domain) => `eve@${domain}.evil.example`],
  ]
  test.each(addresses)('not for a domain that is %s', async (_, write) => {
    const journey = await begin(place.email)
    const xml = answerOf(place, journey.requestId, { nameId: write(place.domain) })
    expect(await refusedFor(post(xml, journey.relay))).toEqual({
      code: 'sso_domain_not_allowed',
      failed: ['domain'],
    })
    await expect(finish(journey)).rejects.toMatchObject({ code: INVALID })
  })

  test('not for the domain of another organization', async () => {
    const other = await company()
    const journey = await begin(place.email)
    const xml = answerOf(place, journey.requestId, { nameId: `eve@${other.domain}` })
    expect((await refusedFor(post(xml, journey.relay))).code).toBe('sso_domain_not_allowed')
    expect(await sessionsOf(other.organizationId)).toBe(0)
  })

  test.each([
    ['a look-alike letter', (domain: string) => `eve@${domain.replace('e', '\u0435')}`],
    ['a dot at the end', (domain: string) => `eve@${domain}.`],
    ['a second at sign', (domain: string) => `eve@evil.example@${domain}`],
  ])('not for an address with %s', async (_, write) => {
    const journey = await begin(place.email)
    const xml = answerOf(place, journey.requestId, { nameId: write(place.domain) })
    const { failed } = await refusedFor(post(xml, journey.relay))
    expect(failed.every((check) => ['email', 'domain'].includes(check))).toBe(true)
  })

  test('large and small letters are the same', async () => {
    const journey = await begin(place.email.toUpperCase())
    await post(answerOf(place, journey.requestId, { nameId: place.email.toUpperCase() }), journey.relay)
    expect((await finish(journey)).kind).toBe('signed_in')
    expect(await db().user.count({ where: { email: place.email } })).toBe(1)
  })
})

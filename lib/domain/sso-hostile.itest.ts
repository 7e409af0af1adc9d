import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acsUrl, closeIdp, spEntityId } from '../store/idp'
import {
  type HostileCase,
  hostileClaims,
  hostileDocuments,
  hostileSignatures,
} from '../store/testing/saml-hostile'
import { refusedInTime, timed } from './testing/refused-in-time'
import {
  attemptsOf,
  begin,
  claimsOf,
  finish,
  post,
  refusedFor,
  type SamlCompany,
  samlCompany,
  sessionsOf,
} from './testing/sso-world'

let place: SamlCompany
let calls = 0
const server = createServer((_, response) => {
  calls += 1
  response.end('ada')
})
let canary = ''
beforeAll(async () => {
  place = await samlCompany()
  // Opens saml-jackson, which takes a second once.
  await begin(place.email)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  canary = `http://127.0.0.1:${(server.address() as AddressInfo).port}/canary`
})
afterAll(async () => {
  await closeIdp()
  server.close()
})

/** Returns how long the refusal took. */
async function refuse({ write, fails }: HostileCase): Promise<number> {
  const journey = await begin(place.email)
  const xml = write({
    claims: (changes) => claimsOf(place, journey.requestId, changes),
    keys: place.keys,
    canary,
  })
  const before = await attemptsOf(place.organizationId)
  const sessions = await sessionsOf(place.organizationId)
  const { result, took } = await timed(() => refusedFor(post(xml, journey.relay)))
  expect(result).toEqual({ code: 'sso_invalid_assertion', failed: [...fails] })
  expect(await attemptsOf(place.organizationId)).toBe(before + 1)
  // The browser that began it has nothing to finish, and a good answer comes too late.
  await expect(finish(journey)).rejects.toMatchObject({ code: 'sso_invalid_assertion' })
  expect(await sessionsOf(place.organizationId)).toBe(sessions)
  return took
}

const expectRefused = (hostile: HostileCase) => refusedInTime(() => refuse(hostile))

describe('an answer is refused for exactly what is wrong with it, in time, and signs nobody in', () => {
  test.each(hostileSignatures)('SA-$name', (hostile) => expectRefused(hostile))
  test.each(hostileDocuments)('SA-$name', (hostile) => expectRefused(hostile))
  test.each(hostileClaims(spEntityId(), acsUrl()))('SA-$name', (hostile) => expectRefused(hostile))

  test('SA-25 nothing that a document names was ever fetched', () => {
    expect(calls).toBe(0)
  })
})

import { describe, expect, test } from 'vitest'
import { makeIdpKeys, responseXml, type SamlClaims, signXml } from '../store/testing/saml-idp'
import {
  ACS_URL,
  AUDIENCE,
  claims,
  failures,
  ISSUER,
  idpKeys,
  judge,
  NOW,
  signedResponse,
} from '../store/testing/saml-world'

const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

test('a good answer says who it is, and when its assertion may be forgotten', () => {
  const verdict = judge(signedResponse())
  expect(failures(verdict)).toEqual([])
  expect(verdict.identity).toEqual({
    assertionId: '_a1',
    expiresAt: after(360),
    subject: 'ada@acme.test',
    email: 'ada@acme.test',
    name: null,
  })
})

describe('each of these alone refuses, and the check says what it is', () => {
  const cases: [string, Partial<SamlClaims>, string[]][] = [
    ['the audience of somebody else', { audience: 'https://other.example.com' }, ['audience']],
    ['an audience that only begins like ours', { audience: `${AUDIENCE}.evil.example` }, ['audience']],
    ['an audience that is longer by a character', { audience: `${AUDIENCE}2` }, ['audience']],
    ['an audience that ours begins with', { audience: AUDIENCE.slice(0, -1) }, ['audience']],
    ['no audience', { audience: '' }, ['audience']],
    [
      'a second audience',
      { moreAudience: '<saml:Audience>https://other.example</saml:Audience>' },
      ['audience'],
    ],
    ['the recipient of somebody else', { recipient: 'https://other.example.com/acs' }, ['recipient']],
    ['no recipient', { recipient: null }, ['recipient']],
    ['the destination of somebody else', { destination: 'https://other.example.com/acs' }, ['destination']],
    ['no destination', { destination: null }, ['destination']],
    ['an answer to another request', { responseInResponseTo: '_other' }, ['in_response_to']],
    ['an answer to no request', { responseInResponseTo: null }, ['in_response_to']],
    ['a confirmation for another request', { confirmedInResponseTo: '_other' }, ['confirmed_request']],
    ['a confirmation for no request', { confirmedInResponseTo: null }, ['confirmed_request']],
    ['another issuer', { issuer: 'https://evil.example', responseIssuer: ISSUER }, ['issuer']],
    ['another issuer of the response', { responseIssuer: 'https://evil.example' }, ['issuer']],
    ['a status that is no success', { status: 'Responder' }, ['status']],
    ['no status', { status: null }, ['status']],
    ['conditions that ended', { notOnOrAfter: -61 }, ['not_on_or_after']],
    ['conditions that have not begun', { notBefore: 61 }, ['not_before']],
    ['conditions without an end', { notOnOrAfter: null }, ['not_on_or_after']],
    ['conditions without a beginning', { notBefore: null }, ['not_before']],
    ['an end that is no time', { notOnOrAfter: 'tomorrow' }, ['not_on_or_after']],
    ['an end in another zone', { notOnOrAfter: '2027-01-01T00:00:00+02:00' }, ['not_on_or_after']],
    ['a beginning that is no time', { notBefore: 'foo' }, ['not_before']],
    ['a confirmation that ended', { confirmationEnd: -61 }, ['confirmation_end']],
    ['a confirmation without an end', { confirmationEnd: null }, ['confirmation_end']],
    ['a confirmation with a beginning', { confirmationBeginning: -10 }, ['confirmation_beginning']],
    [
      'a confirmation of another kind',
      { method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' },
      ['confirmation'],
    ],
    ['no statement of having signed in', { authnStatement: false }, ['authentication']],
    ['a NameID that is no address', { nameId: 'ada' }, ['email']],
    ['a NameID with a control character', { nameId: 'ada@acme.test&#9;' }, ['subject', 'email']],
    ['a NameID with space around', { nameId: ' ada@acme.test' }, ['subject', 'email']],
    ['a NameID with markup', { nameId: 'ada@acme.test<b/>' }, ['subject', 'email']],
    ['an address with a look-alike at sign', { nameId: 'ada＠acme.test' }, ['email']],
    ['no NameID text', { nameId: '' }, ['subject', 'email']],
    [
      'a transient NameID',
      { nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
      ['subject', 'email'],
    ],
  ]
  test.each(cases)('%s', (_, changes, names) => {
    const verdict = judge(signedResponse(changes))
    expect(failures(verdict)).toEqual(names)
    expect(verdict.identity).toBeNull()
  })

  test('no conditions at all', () => {
    const names = ['conditions', 'not_before', 'not_on_or_after', 'audience']
    expect(failures(judge(signedResponse({ conditions: false })))).toEqual(names)
  })

  test('no ID, or another version', () => {
    const good = responseXml(claims())
    for (const [from, to] of [
      ['Version="2.0" IssueInstant="2026-03-04T05:06:07.000Z"><saml:Issuer>', 'Version="1.1"><saml:Issuer>'],
    ] as const) {
      const verdict = judge(signXml(good.replace(from, to), { keys: idpKeys }))
      expect(failures(verdict)).toEqual(['assertion_version'])
    }
    expect(failures(judge(good.replace('Version="2.0"', 'Version="1.1"')))).toEqual(['response'])
  })

  test('two NameIDs, two subjects, two confirmations', () => {
    const twice = (part: RegExp) => signXml(responseXml(claims()).replace(part, '$&$&'), { keys: idpKeys })
    expect(failures(judge(twice(/<saml:NameID.*<\/saml:NameID>/)))).toEqual(['subject', 'email'])
    expect(failures(judge(twice(/<saml:Subject>.*<\/saml:Subject>/)))).toContain('subject')
    expect(failures(judge(twice(/<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/)))).toContain(
      'confirmation',
    )
    expect(failures(judge(twice(/<saml:Conditions.*<\/saml:Conditions>/)))).toContain('conditions')
    expect(failures(judge(twice(/<samlp:Status>.*<\/samlp:Status>/)))).toEqual(['status'])
  })
})

test('all that is wrong is told at once, with what was expected and what came', () => {
  const verdict = judge(
    signedResponse({ audience: 'https://other.example', recipient: null, notOnOrAfter: -600 }),
  )
  expect(failures(verdict)).toEqual(['recipient', 'not_on_or_after', 'audience'])
  expect(verdict.checks).toContainEqual({
    check: 'audience',
    expected: AUDIENCE,
    received: 'https://other.example',
    ok: false,
  })
  expect(verdict.checks).toContainEqual({
    check: 'recipient',
    expected: ACS_URL,
    received: 'nothing',
    ok: false,
  })
})

test('what came is shown on one line and bounded', () => {
  const { checks } = judge(signedResponse({ audience: `a&#10;b${'c'.repeat(5000)}` }))
  const received = checks.find(({ check }) => check === 'audience')?.received ?? ''
  expect(received).toMatch(/^a.b/)
  expect(received).not.toContain('\n')
  expect(received.length).toBeLessThan(310)
})

test('clocks may be apart by 60 seconds, not by more', () => {
  const xml = signedResponse({ notBefore: 0, notOnOrAfter: 300, confirmationEnd: 300 })
  expect(failures(judge(xml, {}, after(-60)))).toEqual([])
  expect(failures(judge(xml, {}, after(-61)))).toEqual(['not_before'])
  expect(failures(judge(xml, {}, after(359)))).toEqual([])
  expect(failures(judge(xml, {}, after(360)))).toEqual(['confirmation_end', 'not_on_or_after'])
})

describe('an answer that nobody asked for', () => {
  const unasked = () => signedResponse({ requestId: null })
  test('is refused unless the connection takes such ones', () => {
    expect(failures(judge(unasked(), { requestId: null }))).toEqual(['in_response_to'])
    expect(failures(judge(unasked(), { requestId: null, idpInitiated: true }))).toEqual([])
  })
  test('is none when it names a request, and no answer to a request that was made', () => {
    expect(failures(judge(signedResponse(), { requestId: null, idpInitiated: true }))).toEqual([
      'in_response_to',
      'confirmed_request',
    ])
    expect(failures(judge(unasked(), { idpInitiated: true }))).toEqual([
      'in_response_to',
      'confirmed_request',
    ])
  })
})

describe('e-mail and name from attributes', () => {
  const mapping = { email: 'mail', name: 'displayName' }
  const persistent = { nameId: 'G-42', nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' }
  test('are read; the subject stays the NameID', () => {
    const xml = signedResponse({ ...persistent, attributes: { mail: 'Ada@Acme.test', displayName: 'Ada L' } })
    expect(judge(xml, { mapping }).identity).toMatchObject({
      subject: 'G-42',
      email: 'ada@acme.test',
      name: 'Ada L',
    })
  })
  test('a name may be missing, an address may not', () => {
    expect(
      judge(signedResponse({ ...persistent, attributes: { mail: 'ada@acme.test' } }), { mapping }).identity
        ?.name,
    ).toBe(null)
    expect(failures(judge(signedResponse(persistent), { mapping }))).toEqual(['email'])
  })
  test('an address with two values, or in two attributes of the name, is none', () => {
    const two = signedResponse({ ...persistent, attributes: { mail: ['ada@acme.test', 'eve@acme.test'] } })
    expect(failures(judge(two, { mapping }))).toEqual(['email'])
    const doubled = responseXml(claims({ attributes: { mail: 'ada@acme.test' } })).replace(
      /<saml:Attribute .*<\/saml:Attribute>/,
      '$&$&',
    )
    expect(failures(judge(signXml(doubled, { keys: idpKeys }), { mapping }))).toEqual(['email'])
  })
})

test('either of two certificates is good during a roll-over, and none when there is none', () => {
  const next = makeIdpKeys()
  const xml = signXml(responseXml(claims()), { keys: next })
  expect(failures(judge(xml, { certificates: [idpKeys.der, next.der] }))).toEqual([])
  expect(failures(judge(xml))).toEqual(['signature'])
  expect(failures(judge(xml, { certificates: [] }))).toEqual(['signature'])
})

import { expect, test } from 'vitest'
import { newId, newLinkToken } from './ids'
import { SSO_STATE } from './sso-schemas'
import { ssoStateCookie, ssoStateCookieOptions, surplusSsoStates } from './sso-state'

test('each journey has a cookie of its own, which no neighbour’s host can set and no script can read', () => {
  const [one, other] = [newId('flow'), newId('flow')]
  expect(ssoStateCookie(one, true)).toBe(`__Host-twig_sso_${one}`)
  expect(ssoStateCookie(one, false)).toBe(`twig_sso_${one}`)
  expect(ssoStateCookie(one, true)).not.toBe(ssoStateCookie(other, true))
  expect(ssoStateCookieOptions(true)).toEqual({
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
    path: '/',
    maxAge: 900,
  })
  expect(SSO_STATE.test(newLinkToken())).toBe(true)
})

test('a browser keeps five journeys; a sixth takes the place of the oldest', () => {
  const names = Array.from({ length: 5 }, () => ssoStateCookie(newId('flow'), true))
  expect(surplusSsoStates(names.slice(1))).toEqual([])
  expect(surplusSsoStates(['twig_session', ...names, 'twig_sso'])).toEqual(names.slice(0, 1))
  expect(surplusSsoStates([...names, ...names])).toHaveLength(6)
})

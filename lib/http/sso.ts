import { cookies } from 'next/headers'
import type { RequestOrigin } from '../core/principal'
import { HOME_PATH } from '../core/return-path'
import { SSO_STATE } from '../core/sso-schemas'
import { ssoStateCookie, ssoStateCookieOptions, surplusSsoStates } from '../core/sso-state'
import { arrivalToConfirm, finishSso } from '../domain/sso-arrivals'
import type { BegunFlow } from '../domain/sso-flows'
import { withinRefusals } from '../domain/sso-refusals'
import { nodeEnv } from '../env/node'
import { metrics } from '../store/metrics'
import { setSessionCookie, signInOrigin } from './session'
import { errorPage } from './sso-failure'

const FLOW_ID = /^flow_\w{1,64}$/
const NO_STATE = ''

/** Where a browser confirms that it wants what the identity provider began. */
const CONFIRM_PATH = '/sso/continue'
const FINISH_PATH = '/api/auth/sso/finish'
const TESTED_PATH = '/settings/authentication'

function isSecure(): boolean {
  return nodeEnv().appUrl.startsWith('https:')
}

/** Takes a cookie of a journey away. */
export async function forgetState(name: string): Promise<void> {
  const jar = await cookies()
  jar.set(name, NO_STATE, { ...ssoStateCookieOptions(isSecure()), maxAge: 0 })
}

/** Gives this browser the secret of a journey. */
export async function keepSsoState(flowId: string, state: string): Promise<void> {
  const jar = await cookies()
  for (const name of surplusSsoStates(jar.getAll().map(({ name }) => name))) await forgetState(name)
  jar.set(ssoStateCookie(flowId, isSecure()), state, ssoStateCookieOptions(isSecure()))
}

/** The secret of a journey that this browser has; one that fits nothing where it has none. */
export async function stateOf(flowId: string): Promise<string> {
  const state = (await cookies()).get(ssoStateCookie(flowId, isSecure()))?.value
  return state && SSO_STATE.test(state) ? state : NO_STATE
}

/** Where a browser goes to finish a journey. */
export function finishAddress(flowId: string): string {
  return `${FINISH_PATH}?flow=${flowId}`
}

/** The journey that an address names, or none that exists. */
export function flowIdOf(search: string): string {
  const flowId = new URLSearchParams(search).get('flow') ?? ''
  return FLOW_ID.test(flowId) ? flowId : ''
}

/**
 * Binds a journey that just began to this browser, and returns the address of the identity provider to send it to. In
 * actions and route handlers only: a page cannot set cookies.
 */
export async function openSsoJourney({ id, url, state }: BegunFlow): Promise<string> {
  await keepSsoState(id, state)
  return url
}

/** Finishes a journey in this browser, with the ordinary session in the cookie (D5). Returns where to go. */
export async function finishJourney(
  flowId: string,
  isConfirmed: boolean,
  origin: RequestOrigin,
): Promise<string> {
  const input = { flowId, state: await stateOf(flowId), isConfirmed }
  const finished = await finishSso(input, await signInOrigin(origin))
  if (finished.kind === 'to_confirm') return `${CONFIRM_PATH}?flow=${flowId}`
  await forgetState(ssoStateCookie(flowId, isSecure()))
  if (finished.kind === 'tested') return `${TESTED_PATH}?attempt=${finished.attemptId}`
  await setSessionCookie(finished.session)
  metrics.signIns.add('sso', 'success')
  return finished.returnTo ?? HOME_PATH
}

/** Whom a journey that the identity provider began would sign in here, and where; null where there is nothing to confirm. */
export async function arrivalHere(flowId: string): Promise<{ email: string; organization: string } | null> {
  return arrivalToConfirm({ flowId, state: await stateOf(flowId) })
}

/** The person said that it is them: finishes, or names the page that says why not. */
export async function continueSsoHere(
  { flow }: { flow: string },
  origin: RequestOrigin & { requestId: string },
): Promise<{ to: string }> {
  const to = await withinRefusals(origin, () => finishJourney(flow, true, origin)).catch((error: unknown) =>
    errorPage(error, origin.requestId),
  )
  return { to }
}

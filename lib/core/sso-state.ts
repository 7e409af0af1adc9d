/** How long a journey to an identity provider and back may take, in seconds. */
const SSO_STATE_TTL_SECONDS = 15 * 60

/** Journeys that one browser may have under way; of more, the oldest give way, or headers would grow without end. */
const JOURNEYS_MAX = 5

const NAME = /^(?:__Host-)?twig_sso_flow_\w+$/

/** The cookie that holds the secret of one journey. `secure` is judged by APP_URL; the prefix keeps neighbours' domains out. */
export function ssoStateCookie(flowId: string, secure: boolean): string {
  return `${secure ? '__Host-' : ''}twig_sso_${flowId}`
}

/** Its attributes: Lax, as the browser brings it back when the identity provider sends it here by GET. */
export function ssoStateCookieOptions(secure: boolean) {
  return { httpOnly: true, secure, sameSite: 'lax' as const, path: '/', maxAge: SSO_STATE_TTL_SECONDS }
}

/** Which cookies give way to one more journey, given the names of all, oldest first, as browsers send them. */
export function surplusSsoStates(names: readonly string[]): string[] {
  const states = names.filter((name) => NAME.test(name))
  return states.slice(0, Math.max(0, states.length - JOURNEYS_MAX + 1))
}

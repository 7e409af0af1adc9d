import { TwigError } from '../core/errors'
import type { RequestOrigin } from '../core/principal'
import { writeSpMetadata } from '../core/saml-metadata'
import { SAML_RESPONSE_MAX_BYTES } from '../core/saml-response'
import { answerSaml } from '../domain/sso-answers'
import { answerOidc } from '../domain/sso-oidc-answers'
import { withinRefusals } from '../domain/sso-refusals'
import type { AnsweredFlow } from '../domain/sso-verdicts'
import { acsUrl, spEntityId } from '../store/idp'
import { oidcCallbackUrl } from '../store/oidc'
import { samlKey } from '../store/saml-key'
import { readFormFields } from './body'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { finishAddress, finishJourney, flowIdOf, keepSsoState } from './sso'
import { errorPage } from './sso-failure'

/** What percent signs and a RelayState add to a response. */
const FORM_MAX_BYTES = 1.25 * SAML_RESPONSE_MAX_BYTES
const RELAY_MAX = 200

/** Sends a browser on by GET (303), whatever it came by. The address is ours, so the browser stays at the host it came to. */
function seeOther(location: string): Response {
  return new Response(null, {
    status: 303,
    headers: { Location: location, 'Cache-Control': 'private, no-store' },
  })
}

/** Does one step of a journey; where it fails, the browser goes to the page that says so. */
async function step(work: (origin: RequestOrigin & { q: string }) => Promise<string>): Promise<Response> {
  let requestId = 'unknown'
  try {
    const pass = await requestPass()
    requestId = pass.requestId
    return seeOther(await withinRefusals(pass, () => work(pass)))
  } catch (error) {
    const known = toTwigError(error, requestId)
    // What the gate would have refused, or is no form: no page tells of it.
    const isRaw = ['session_required', 'payload_too_large', 'unsupported_media_type', 'invalid_request']
    return isRaw.includes(known.code)
      ? errorResponse(known, requestId)
      : seeOther(errorPage(known, requestId))
  }
}

/** On to the finish. A browser that nobody began a journey in gets the secret of this one now, and a question there. */
async function afterAnswer({ flowId, state }: AnsweredFlow): Promise<string> {
  if (state !== null) await keepSsoState(flowId, state)
  return finishAddress(flowId)
}

/**
 * POST /api/auth/saml/acs: the assertion consumer service (SAML 2.0 Bindings 3.5), from any site and with no cookie of
 * ours. Keeps what the answer came to and sends the browser on by GET, which brings the cookie of its journey.
 */
export function samlAcsRoute(request: Request): Promise<Response> {
  return step(async (origin) => {
    const fields = await readFormFields(request, FORM_MAX_BYTES)
    const [samlResponse = '', ...more] = fields.getAll('SAMLResponse')
    if (more.length > 0) throw new TwigError('invalid_request', 'Send one SAMLResponse.')
    if (samlResponse.length > SAML_RESPONSE_MAX_BYTES) throw new TwigError('payload_too_large')
    const relay = fields.get('RelayState')
    const relayState = relay !== null && relay.length <= RELAY_MAX ? relay : null
    return afterAnswer(await answerSaml({ samlResponse, relayState }, origin))
  })
}

/** GET /api/auth/oidc/callback: the way back from an OpenID provider (OpenID Connect Core 3.1.2.5). */
export function oidcCallbackRoute(): Promise<Response> {
  return step(async (origin) => {
    const callback = new URL(oidcCallbackUrl())
    callback.search = origin.q
    return afterAnswer(await answerOidc(callback, origin))
  })
}

/** GET /api/auth/sso/finish: in the browser that began the journey, an ordinary session. */
export function finishSsoRoute(): Promise<Response> {
  return step((origin) => finishJourney(flowIdOf(origin.q), false, origin))
}

/** GET /api/auth/saml/metadata: what an identity provider needs to know of Twig, whatever is set up (SAML 2.0 Metadata 4.1). */
export async function spMetadataRoute(): Promise<Response> {
  let requestId = 'unknown'
  try {
    requestId = (await requestPass()).requestId
    const { certificate } = await samlKey()
    return new Response(writeSpMetadata({ entityId: spEntityId(), acsUrl: acsUrl(), certificate }), {
      headers: {
        'Content-Type': 'application/samlmetadata+xml; charset=utf-8',
        'Content-Disposition': 'inline; filename="twig-metadata.xml"',
      },
    })
  } catch (error) {
    return errorResponse(toTwigError(error, requestId), requestId)
  }
}

import { z } from 'zod'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { UsageBatch } from '../core/usage'
import { verifyApiKey } from '../domain/key-verifier'
import { acceptUsage } from '../domain/usage-recorder'
import { INTERNAL_HEADER, isInternalCall } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'
import { metrics } from '../store/metrics'
import { toTwigError } from './failure'
import { errorResponse } from './route'

const VerifyKeyInput = z.strictObject({ credential: z.string().max(200), proved: z.boolean() })

/** The body of a call from Twig to itself, once its signature fits it and the path. Throws not_found. */
async function readSigned(request: Request): Promise<unknown> {
  const body = await request.text()
  const hmac = nodeHmac(nodeEnv().secrets.gatewaySecret)
  const { pathname } = new URL(request.url)
  const now = Math.floor(Date.now() / 1000)
  if (!isInternalCall(request.headers.get(INTERNAL_HEADER), pathname, body, hmac, now)) {
    throw new TwigError('not_found')
  }
  return JSON.parse(body)
}

/** Answers a signed call. Whoever lacks the signature is told there is nothing. */
function internalRoute(answer: (body: unknown) => Promise<Response>) {
  return async (request: Request): Promise<Response> => {
    const requestId = newId('req')
    try {
      return await answer(await readSigned(request))
    } catch (error) {
      return errorResponse(toTwigError(error, requestId), requestId)
    }
  }
}

/** The gate's question about a key that the cache does not know. */
export const verifyKeyRoute = internalRoute(async (body) => {
  const { credential, proved } = VerifyKeyInput.parse(body)
  return Response.json(await verifyApiKey(credential, proved))
})

/**
 * A batch of usage from another host of the gate: 204 once it is counted or kept aside, an empty one at once. 503 when it
 * could be neither; sending it again is harmless.
 */
export const usageRoute = internalRoute(async (body) => {
  const { decisions = {}, ...batch } = UsageBatch.parse(body)
  if (!(await acceptUsage(batch))) throw new TwigError('temporarily_unavailable')
  // What was counted and is sent again, because this answer was lost, counts twice: figures to watch, not to bill.
  for (const [outcome, count] of Object.entries(decisions))
    metrics.gateDecisions.addMany(count, 'edge', outcome)
  return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } })
})

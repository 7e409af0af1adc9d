import { z } from 'zod'
import { TwigError } from '../core/errors'
import { newId } from '../core/ids'
import { verifyApiKey } from '../domain/key-verifier'
import { INTERNAL_HEADER, isInternalCall } from '../edge/pass'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'
import { toTwigError } from './failure'
import { errorResponse } from './route'

const VerifyKeyInput = z.strictObject({ credential: z.string().max(200) })

/** The gate's question about a key that the cache does not know. Whoever lacks the signature is told there is nothing. */
export async function verifyKeyRoute(request: Request): Promise<Response> {
  const requestId = newId('req')
  try {
    const body = await request.text()
    const hmac = nodeHmac(nodeEnv().secrets.gatewaySecret)
    const { pathname } = new URL(request.url)
    const now = Math.floor(Date.now() / 1000)
    if (!(await isInternalCall(request.headers.get(INTERNAL_HEADER), pathname, body, hmac, now))) {
      throw new TwigError('not_found')
    }
    return Response.json(await verifyApiKey(VerifyKeyInput.parse(JSON.parse(body)).credential))
  } catch (error) {
    return errorResponse(toTwigError(error, requestId), requestId)
  }
}

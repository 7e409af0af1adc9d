import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

/** What the next answers do otherwise than a good provider's would. */
export interface SocialMischief {
  /** Claims in the place of the right ones; undefined takes one away. */
  claims?: Record<string, unknown>
  /** `alg` none, a MAC under the client's secret, a key nobody published, or a key id of nobody. */
  signing?: 'none' | 'client_secret' | 'unpublished_key' | 'unknown_kid'
  /** Members of the discovery document in the place of the right ones. */
  discovery?: Record<string, unknown>
  /** Members of the userinfo answer; the ID token then has no address. */
  userinfo?: Record<string, unknown>
  /** Status of the token endpoint. */
  tokenStatus?: number
  /** Milliseconds before anything is answered. */
  delayMs?: number
  /** Redirects the token endpoint there. */
  redirectTokenTo?: string
  /** Takes the client's secret in the body alone. */
  onlyPost?: boolean
}

interface Grant {
  nonce: string
  challenge: string
  redirectUri: string
  claims: JWTPayload
}

const CLIENT = { id: 'twig-client', secret: 'twig-secret:of+tests%and=more' }

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const part of request) text += part
  return new URLSearchParams(text)
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** Whether the caller proved to be the client, in the one way or the other (RFC 6749 2.3.1). */
function isClient(request: IncomingMessage, body: URLSearchParams, onlyPost: boolean | undefined): boolean {
  const [, basic] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? []
  if (basic && onlyPost) return false
  const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
  const [id, secret] = basic
    ? Buffer.from(basic, 'base64').toString().split(':').map(plain)
    : [body.get('client_id'), body.get('client_secret')]
  return id === CLIENT.id && secret === CLIENT.secret
}

/**
 * A provider in the place of Google or Microsoft, whose every answer can be made wrong in one way. Codes work once, with
 * their PKCE verifier.
 * @param path of its issuer; `{tenantid}` in the discovery document makes it one of many tenants
 */
export async function startSocialOp(path = '') {
  const [key, stray] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  const jwk = { ...(await exportJWK(key.publicKey)), kid: 'current', alg: 'RS256', use: 'sig' }
  const grants = new Map<string, Grant>()
  const calls: string[] = []
  let mischief: SocialMischief = {}
  let origin = ''

  const issuer = () => origin + path

  function document() {
    const at = (name: string) => `${origin}/${name}`
    return {
      issuer: issuer(),
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      jwks_uri: at('jwks'),
      userinfo_endpoint: at('userinfo'),
      ...mischief.discovery,
    }
  }

  async function idToken({ nonce, claims }: Grant): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const right = { iss: issuer(), aud: CLIENT.id, iat: now, exp: now + 300, nonce, ...claims }
    const payload = Object.fromEntries(
      Object.entries({ ...right, ...mischief.claims }).filter(([, value]) => value !== undefined),
    )
    const { signing } = mischief
    if (signing === 'none') {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${part({ alg: 'none' })}.${part(payload)}.`
    }
    if (signing === 'client_secret') {
      const secret = createHash('sha256').update(CLIENT.secret).digest()
      return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid: 'current' }).sign(secret)
    }
    const kid = signing === 'unknown_kid' ? 'of-nobody' : 'current'
    const signer = signing === 'unpublished_key' ? stray.privateKey : key.privateKey
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(signer)
  }

  async function token(request: IncomingMessage, response: ServerResponse) {
    const body = await bodyOf(request)
    if (mischief.redirectTokenTo) return send(response, 302, {}, { Location: mischief.redirectTokenTo })
    if (mischief.tokenStatus) return send(response, mischief.tokenStatus, { error: 'server_error' })
    if (!isClient(request, body, mischief.onlyPost)) return send(response, 401, { error: 'invalid_client' })
    const code = body.get('code') ?? ''
    const grant = grants.get(code)
    grants.delete(code)
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (grant?.challenge !== challenge || grant.redirectUri !== body.get('redirect_uri')) {
      return send(response, 400, { error: 'invalid_grant' })
    }
    send(response, 200, {
      id_token: await idToken(grant),
      access_token: 'at',
      token_type: 'Bearer',
      expires_in: 300,
    })
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://op.invalid')
    calls.push(`${request.method} ${url.pathname}`)
    if (mischief.delayMs) await new Promise((resolve) => setTimeout(resolve, mischief.delayMs))
    if (url.pathname === `${path}/.well-known/openid-configuration`) return send(response, 200, document())
    if (url.pathname === '/jwks') return send(response, 200, { keys: [jwk] })
    if (url.pathname === '/token') return token(request, response)
    if (url.pathname === '/userinfo') return send(response, 200, mischief.userinfo ?? {})
    send(response, 404, {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    issuer: issuer(),
    origin,
    client: CLIENT,
    calls,
    /** From now on; nothing for a good provider. */
    behave(next: SocialMischief = {}) {
      mischief = next
    },
    /** What the browser is sent back with, once its person agreed at the address that it was sent to. */
    agree(address: string, claims: JWTPayload): URL {
      const asked = new URL(address).searchParams
      const redirectUri = asked.get('redirect_uri') ?? ''
      const code = randomBytes(16).toString('hex')
      grants.set(code, {
        nonce: asked.get('nonce') ?? '',
        challenge: asked.get('code_challenge') ?? '',
        redirectUri,
        claims,
      })
      const back = new URL(redirectUri)
      back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString()
      return back
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

export type SocialOp = Awaited<ReturnType<typeof startSocialOp>>

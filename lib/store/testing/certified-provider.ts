import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

const CLIENT = { id: 'twig', secret: 'a-secret-of-the-client' }

/** Cookies of one browser, each with its last value. */
class Jar {
  readonly #cookies = new Map<string, string>()

  keep(answer: Response): void {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      this.#cookies.set(name, value)
    }
  }

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }
}

/**
 * A certified OpenID provider that is not ours (npm oidc-provider) in the place of Google: each refresh token is good once,
 * and one that comes a second time ends its grant.
 * @param lifeSeconds of an access token
 */
export async function startCertifiedProvider(redirectUri: string, scopes: string[], lifeSeconds: number) {
  let handle: RequestListener = (_request, response) => response.writeHead(503).end()
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    scopes,
    claims: { openid: ['sub'], email: ['email'] },
    findAccount: (_context: unknown, id: string) => {
      return { accountId: id, claims: () => ({ sub: id, email: `${id}@example.com` }) }
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: lifeSeconds, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 600 },
    cookies: { keys: ['of-this-test-alone'] },
  })
  handle = provider.callback()

  /** Logs in and consents on the provider's own pages; answers where the browser is sent back to. */
  async function agree(address: string, login: string): Promise<string> {
    const jar = new Jar()
    let next = new URL(address)
    let form: URLSearchParams | null = null
    for (let step = 0; step < 20; step++) {
      const answer: Response = await fetch(next, {
        method: form ? 'POST' : 'GET',
        body: form,
        headers: { Cookie: jar.header },
        redirect: 'manual',
      })
      jar.keep(answer)
      form = null
      const location = answer.headers.get('location')
      if (location?.startsWith(redirectUri)) return location
      if (location) {
        next = new URL(location, next)
        continue
      }
      const page = await answer.text()
      const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? []
      const [, action] = /action="([^"]+)"/.exec(page) ?? []
      if (!prompt || !action) throw new Error(`the provider answers ${answer.status}: ${page.slice(0, 500)}`)
      next = new URL(action, next)
      form = new URLSearchParams({ prompt, login, password: 'anything' })
    }
    throw new Error('the provider sends the browser round in circles')
  }

  return {
    agree,
    /** To be set for Twig. */
    env: { GOOGLE_CLIENT_ID: CLIENT.id, GOOGLE_CLIENT_SECRET: CLIENT.secret, GOOGLE_ISSUER: issuer },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

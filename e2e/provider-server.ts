import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from '@playwright/test'
import Provider from 'oidc-provider'

export const CLIENT = { id: 'twig', secret: 'a-secret-of-the-client' }

/** What the provider says of whoever logs in there with a name. */
type Claims = (login: string) => { email: string; email_verified?: boolean; hd?: string; name?: string }

/**
 * An OpenID provider that is not ours (npm oidc-provider), with its own pages for login and consent, in the place of Google
 * or Microsoft. It is at its address from the start, and serves once it knows where to send browsers back to.
 */
export async function reserveProvider(claims: Claims) {
  let handle: RequestListener = (_request, response) => response.writeHead(503).end()
  const server = createServer((request, response) => handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    issuer,
    serve(redirectUri: string) {
      const provider = new Provider(issuer, {
        clients: [
          {
            client_id: CLIENT.id,
            client_secret: CLIENT.secret,
            redirect_uris: [redirectUri],
            response_types: ['code'],
            grant_types: ['authorization_code'],
          },
        ],
        claims: { openid: ['sub'], email: ['email', 'email_verified', 'hd'], profile: ['name'] },
        findAccount: (_context: unknown, id: string) => {
          return { accountId: id, claims: () => ({ sub: id, ...claims(id) }) }
        },
        cookies: { keys: ['of-this-test-alone'] },
      })
      handle = provider.callback()
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type ReservedProvider = Awaited<ReturnType<typeof reserveProvider>>

/** Logs in and consents on the provider's own pages. */
export async function agree(page: Page, login: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(login)
  await page.getByPlaceholder('and password').fill('anything')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

import { type NextRequest, NextResponse } from 'next/server'
import { type GateDependencies, gate } from './lib/edge/gate'
import { edgeDependencies } from './lib/edge/host'
import { PASS_HEADER } from './lib/edge/pass'
import { edgeEnv } from './lib/env/edge'

let dependencies: GateDependencies | undefined

/** Every request but the build's own static files comes through the gate. */
export const config = { matcher: ['/((?!_next/static/).*)'] }

/** Next's way of carrying out the gate's verdict. */
export async function middleware(request: NextRequest): Promise<Response> {
  dependencies ??= edgeDependencies(edgeEnv())
  const verdict = await gate(request, dependencies)
  if (verdict.kind === 'refuse') return verdict.response
  if (verdict.kind === 'redirect') return absolute(verdict.response, request.url)

  const headers = new Headers(request.headers)
  for (const name of [...headers.keys()]) if (name.startsWith('x-twig-')) headers.delete(name)
  for (const [name, value] of Object.entries(verdict.requestHeaders)) headers.set(name, value)
  if (headers.has(PASS_HEADER)) headers.delete('authorization')

  const target = request.nextUrl.clone()
  target.pathname = verdict.kind === 'missing_page' ? '/not-found' : verdict.path
  const response =
    target.pathname === request.nextUrl.pathname
      ? NextResponse.next({ request: { headers } })
      : NextResponse.rewrite(target, { request: { headers } })
  for (const [name, value] of Object.entries(verdict.responseHeaders)) response.headers.set(name, value)
  if (verdict.kind === 'admit' && verdict.setCookie) response.headers.append('Set-Cookie', verdict.setCookie)
  return response
}

/** Next takes absolute addresses only, and makes those of its own host relative again. */
function absolute(response: Response, base: string): Response {
  const location = response.headers.get('Location')
  if (location) response.headers.set('Location', new URL(location, base).toString())
  return response
}

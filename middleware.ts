import { type NextFetchEvent, type NextRequest, NextResponse } from 'next/server'
import { gate } from './lib/edge/gate'
import { type EdgeHost, edgeDependencies, FLUSH_QUERY, USAGE_PATH } from './lib/edge/host'
import { PASS_HEADER } from './lib/edge/pass'
import { toResponse } from './lib/edge/verdict'
import { edgeEnv } from './lib/env/edge'

let host: EdgeHost | undefined

/** All but the build's static files, and of the API what carries no pass yet: its routes prove one themselves. */
export const config = {
  matcher: [
    '/((?!_next/static/|(?:api/)?(?:test/)?v1(?:/|$)).*)',
    { source: '/((?:api/)?(?:test/)?v1(?:/.*)?)', missing: [{ type: 'header', key: 'x-twig-pass' }] },
  ],
}

function moved({ nextUrl }: NextRequest, path: string) {
  const target = nextUrl.clone()
  target.pathname = path
  return target
}

/** Next's way of carrying out the gate's verdict. */
export async function middleware(request: NextRequest, event: NextFetchEvent): Promise<Response> {
  host ??= edgeDependencies(edgeEnv())
  const verdict = await gate(request, host)
  host.keepAlive((work) => event.waitUntil(work))
  if (verdict.kind === 'refuse' || verdict.kind === 'redirect') return toResponse(verdict, request.url)
  const { pathname, searchParams } = request.nextUrl
  if (pathname === USAGE_PATH && searchParams.has(FLUSH_QUERY)) await host.flush()

  const isProved = PASS_HEADER in verdict.requestHeaders
  const headers = new Headers()
  for (const [name, value] of request.headers) {
    if (!name.startsWith('x-twig-') && !(isProved && name === 'authorization')) headers.append(name, value)
  }
  for (const [name, value] of Object.entries(verdict.requestHeaders)) headers.set(name, value)

  const { path } = verdict
  const init = { request: { headers }, headers: verdict.responseHeaders }
  const response =
    path === pathname ? NextResponse.next(init) : NextResponse.rewrite(moved(request, path), init)
  if (verdict.kind === 'admit' && verdict.setCookie) response.headers.append('Set-Cookie', verdict.setCookie)
  return response
}

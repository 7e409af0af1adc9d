import { cookies } from 'next/headers'
import type { NextRequest } from 'next/server'
import NextAuth, { type NextAuthOptions, type User } from 'next-auth'
import CredentialsProvider from 'next-auth/providers/credentials'
import { TwigError } from '../core/errors'
import { toHex } from '../core/hmac'
import { SignInInput } from '../core/schemas'
import {
  readSession,
  SESSION_COOKIE,
  SESSION_TTL_SECONDS,
  sessionCookieOptions,
  signSession,
} from '../core/session'
import { signInWithPassword } from '../domain/passwords'
import { findActiveSession, logOut } from '../domain/sessions'
import { tooManyAttempts } from '../domain/throttle'
import { nodeEnv } from '../env/node'
import { nodeHmac } from '../store/hmac'
import { log } from '../store/log'
import { metrics } from '../store/metrics'
import { toTwigError } from './failure'
import { requestPass } from './pass'
import { errorResponse } from './route'
import { presentedSessions, signInOrigin } from './session'

/** What signing in hands to the token: ids alone. */
interface SignedIn extends User {
  sid: string
  org: string
}

/** Without and with TLS. */
const CALLBACK_COOKIES = ['next-auth.callback-url', '__Secure-next-auth.callback-url']

interface AuthContext {
  params: Promise<{ nextauth: string[] }>
}

function sessionHmac() {
  return nodeHmac(nodeEnv().secrets.sessionSecret)
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/**
 * What next-auth may put into an address after a failure: a fixed code and, where one must wait, seconds. It would take
 * any exception's own words, which may quote a query or a host.
 */
async function authorize(credentials: Record<string, unknown> | undefined): Promise<SignedIn> {
  const pass = await requestPass()
  try {
    const { email, password } = credentials ?? {}
    if (typeof email !== 'string' || typeof password !== 'string') throw new TwigError('invalid_request')
    const input = SignInInput.safeParse({ email, password })
    if (!input.success) throw new TwigError('invalid_credentials')
    const { sub, sid, org } = await signInWithPassword(input.data, await signInOrigin(pass))
    metrics.signIns.add('password', 'success')
    return { id: sub, sid, org }
  } catch (error) {
    const { code, retryAfterSeconds } = toTwigError(error, pass.requestId)
    // Anything unforeseen is an outage to the person; what it was is in the log.
    const known = code in failures ? code : 'temporarily_unavailable'
    metrics.signIns.add('password', known)
    throw new Error(retryAfterSeconds === undefined ? known : `${known}:${retryAfterSeconds}`)
  }
}

/** Our own token (core/session.ts) under next-auth's roof. A token whose session has ended is none: linking depends on it. */
const jwt: NextAuthOptions['jwt'] = {
  maxAge: SESSION_TTL_SECONDS,
  async encode({ token }) {
    const { sub, sid, org } = (token ?? {}) as Record<string, unknown>
    if (typeof sub !== 'string' || typeof sid !== 'string' || typeof org !== 'string') {
      throw new TypeError('a session token needs sub, sid and org')
    }
    return signSession({ sub, sid, org }, sessionHmac(), nowSeconds())
  },
  async decode({ token }) {
    const claims = readSession(token, sessionHmac(), nowSeconds())
    if (typeof claims === 'string') return null
    const { sub: userId, sid: sessionId, iat: issuedAt } = claims
    const session = await findActiveSession({ userId, sessionId, issuedAt })
    return 'ended' in session ? null : { ...claims }
  },
}

/** next-auth's configuration. Made for each request: nothing of the environment is read while building. */
function authOptions(): NextAuthOptions {
  const { appUrl } = nodeEnv()
  const secure = appUrl.startsWith('https:')
  return {
    // Its own secret, so that no cookie of next-auth's can ever pass for a session or the other way round.
    secret: toHex(sessionHmac()('twig:next-auth') as Uint8Array),
    session: { strategy: 'jwt', maxAge: SESSION_TTL_SECONDS },
    jwt,
    useSecureCookies: secure,
    cookies: { sessionToken: { name: SESSION_COOKIE, options: sessionCookieOptions(secure) } },
    pages: { signIn: '/login', error: '/login' },
    providers: [
      CredentialsProvider({ id: 'credentials', credentials: { email: {}, password: {} }, authorize }),
    ],
    callbacks: {
      jwt({ token, user }) {
        if (!user) return token
        const { id, sid, org } = user as SignedIn
        return { sub: id, sid, org }
      },
      redirect: ({ url }) => (leadsHere(url) ? url : appUrl),
    },
    logger: {
      error: (code) => log().warn({ code }, 'next-auth'),
      warn: (code) => log().debug({ code }, 'next-auth'),
      debug: () => undefined,
    },
  }
}

/** Whether next-auth would go there, and it is ours: a path, or an absolute address under APP_URL. */
function leadsHere(address: string): boolean {
  const { appUrl } = nodeEnv()
  const base = address.startsWith('/') ? appUrl : undefined
  return URL.canParse(address, base) && new URL(address, base).origin === appUrl
}

/**
 * Takes what next-auth remembers of where to go after signing in out of the request, unless it is an address of ours: it
 * answers one that is none with a 500, to every request of that browser. next-auth reads cookies from this jar alone.
 */
async function dropForeignCallback({ nextUrl }: NextRequest): Promise<void> {
  if (!nextUrl.searchParams.getAll('callbackUrl').every(leadsHere)) nextUrl.searchParams.delete('callbackUrl')
  const jar = await cookies()
  for (const name of CALLBACK_COOKIES) {
    const remembered = jar.get(name)
    if (remembered && !leadsHere(remembered.value)) jar.delete(name)
  }
}

/** The codes that a failed sign-in may have, with what the person is told. */
const failures = {
  invalid_request: 'Send `email` and `password`, each as a text.',
  invalid_credentials:
    'The e-mail and the password do not belong together. Check both, or reset the password.',
  too_many_failed_attempts: 'Too many attempts.',
  temporarily_unavailable: 'Twig cannot check this now. Try again in a moment.',
  insufficient_role:
    'You are not a member of any organization here. Ask an admin of yours for an invitation.',
  sso_required: 'Your organization signs in through its identity provider. Choose “Sign in with SSO”.',
  sso_unavailable: 'Twig cannot tell now how your organization signs in. Try again in a moment.',
  untrusted_origin:
    'Your browser did not send the cookie that belongs to this form. Allow cookies, and try again.',
} as const

/** What next-auth answered with, as an error of Twig's; null when nothing failed. It says so in an address only. */
function failureOf(address: string | null): TwigError | null {
  const query =
    address && URL.canParse(address, nodeEnv().appUrl)
      ? new URL(address, nodeEnv().appUrl).searchParams
      : null
  if (query?.get('csrf')) return new TwigError('untrusted_origin', failures.untrusted_origin)
  const [code = '', seconds] = query?.get('error')?.split(':') ?? []
  if (code === '') return null
  const retryAfterSeconds = seconds === undefined ? undefined : Number(seconds)
  if (code === 'too_many_failed_attempts') return tooManyAttempts(retryAfterSeconds ?? 1)
  const known = code in failures ? (code as keyof typeof failures) : 'temporarily_unavailable'
  return new TwigError(known, failures[known], { retryAfterSeconds })
}

/**
 * next-auth's routes (sign-in, its form token, its list of providers), with the status, the Retry-After and the body of
 * every other error of Twig's (contract.md 3). Refuses what did not come through the gate.
 */
export async function authRoute(request: NextRequest, context: AuthContext): Promise<Response> {
  let requestId = 'unknown'
  try {
    const pass = await requestPass()
    requestId = pass.requestId
    const [step] = (await context.params).nextauth
    if (step === 'signout') for (const claims of await presentedSessions()) await logOut(claims, pass)
    await dropForeignCallback(request)
    const answer: Response = await NextAuth(request, context, authOptions())
    if (step !== 'callback') return answer
    const failure = failureOf(answer.headers.get('location') ?? (await addressIn(answer.clone())))
    return failure ? refusal(failure, requestId, answer) : answer
  } catch (error) {
    // next-auth reads the body itself, and throws what JSON.parse throws.
    const cause =
      error instanceof SyntaxError ? new TwigError('invalid_json', undefined, { cause: error }) : error
    return errorResponse(toTwigError(cause, requestId), requestId)
  }
}

async function addressIn(answer: Response): Promise<string | null> {
  const body: unknown = await answer.json().catch(() => null)
  const url = typeof body === 'object' && body !== null && 'url' in body ? body.url : null
  return typeof url === 'string' ? url : null
}

/** Keeps the cookies that next-auth set, such as its form token. */
function refusal(failure: TwigError, requestId: string, answer: Response): Response {
  const response = errorResponse(failure, requestId)
  for (const cookie of answer.headers.getSetCookie()) response.headers.append('Set-Cookie', cookie)
  return response
}

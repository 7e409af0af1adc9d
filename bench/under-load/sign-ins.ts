import { connect } from 'node:net'
import { decodeJwt } from 'jose'
import type { Figure } from '../figures/figure'
import { readable } from '../table'
import type { Place } from './command'
import { addPeople, type LoadPerson, PASSWORD } from './people'
import { pulseAlone, pulseWhile, whileWatching } from './watch'

const EARLIER = 8
const STEADY_MS = 30_000
const STEADY_BROWSERS = 8
/** Keycloak's sizing guide counts with so many password logins per second and core. */
const KEYCLOAK_PER_CORE = 15

interface Answer {
  status: number
  session: string | undefined
  retryAfter: string | undefined
}

/** What a browser got before it fills in the form: one serves all, as it is bound to no address. */
async function csrf(url: string): Promise<{ token: string; cookie: string }> {
  const response = await fetch(`${url}/api/auth/csrf`)
  const { csrfToken: token } = (await response.json()) as { csrfToken: string }
  const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0])
  return { token, cookie: cookie.join('; ') }
}

type Form = Awaited<ReturnType<typeof csrf>>

/** One sign-in over a connection of its own: the crowd and the server share a machine, so it does no more than it must. */
function post(url: string, form: Form, person: LoadPerson): Promise<Answer> {
  const { host, port } = new URL(url)
  const body = new URLSearchParams({
    csrfToken: form.token,
    email: person.email,
    password: PASSWORD,
    json: 'true',
  }).toString()
  const head = [
    'POST /api/auth/callback/credentials HTTP/1.1',
    `Host: ${host}`,
    `Origin: ${url}`,
    `Cookie: ${form.cookie}`,
    `X-Forwarded-For: ${person.clientIp}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('close', () => resolve(readAnswer(Buffer.concat(chunks).toString('latin1'))))
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  })
}

function readAnswer(text: string): Answer {
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0),
    session: /^set-cookie: twig_session=([^;\s]+)/im.exec(text)?.[1],
    retryAfter: /^retry-after: (\d+)/im.exec(text)?.[1],
  }
}

interface Tally {
  signedIn: number
  /** Sessions that are another person's, or somebody else's as well. */
  wrong: number
  refused: Record<number, number>
  /** Refusals without Retry-After, and answers of any other status. */
  dishonest: number
  /** Connections that ended without an answer, by cause. */
  broken: Record<string, number>
}

function tally(people: readonly LoadPerson[], settled: readonly PromiseSettledResult<Answer>[]): Tally {
  const found: Tally = { signedIn: 0, wrong: 0, refused: {}, dishonest: 0, broken: {} }
  const sessions = new Set<unknown>()
  for (const [index, one] of settled.entries()) {
    if (one.status === 'rejected') {
      const cause = String((one.reason as NodeJS.ErrnoException).code ?? one.reason)
      found.broken[cause] = (found.broken[cause] ?? 0) + 1
      continue
    }
    const { status, session, retryAfter } = one.value
    if (session) {
      const { sub, sid } = decodeJwt(session)
      if (sub !== people[index]?.id || sessions.has(sid)) found.wrong += 1
      sessions.add(sid)
      found.signedIn += 1
    } else if ((status === 429 || status === 503) && Number(retryAfter) > 0) {
      found.refused[status] = (found.refused[status] ?? 0) + 1
    } else found.dishonest += 1
  }
  return found
}

/**
 * Some thousand people sign in at the same moment, each from a place of their own, while a program calls the API; then
 * eight browsers sign in one after the other for half a minute.
 */
export async function measureSignIns(place: Place, count: number): Promise<Figure> {
  const { url, pid, settings, slug, say } = place
  say(`Writing ${count} accounts …`)
  const all = await addPeople(settings, slug, EARLIER + count)
  const people = all.slice(EARLIER)
  const form = await csrf(url)
  // The first of a server take long.
  for (const person of all.slice(0, EARLIER)) await post(url, form, person)
  const idle = await pulseAlone(place)
  say(`${count} sign in at once …`)
  const wave = await pulseWhile(place, () =>
    Promise.allSettled(people.map((person) => post(url, form, person))),
  )
  const found = tally(people, wave.result)

  say('Signing in one after the other …')
  let next = 0
  const endMs = performance.now() + STEADY_MS
  const browse = async () => {
    let signedIn = 0
    while (performance.now() < endMs) {
      const person = people[next++ % people.length]
      if (person && (await post(url, form, person)).session) signedIn += 1
    }
    return signedIn
  }
  const steady = await whileWatching(pid, () =>
    pulseWhile(place, () => Promise.all(Array.from({ length: STEADY_BROWSERS }, browse))),
  )
  const signedIn = steady.result.result.reduce((sum, one) => sum + one, 0)
  const { kept, anew } = wave.pulses
  const honest = Object.entries(found.refused).map(([status, many]) => `${many} × ${status} with Retry-After`)
  const row = { redis: place.redisKind }
  return {
    rows: [
      {
        ...row,
        figure: `${count} sign-ins at once: sessions, each its own`,
        connections: count,
        value: readable(found.signedIn),
        against: `others: ${honest.join(', ') || 'none'}; must be 0: ${found.wrong} wrong, ${found.dishonest} dishonest, ${Object.values(found.broken).reduce((sum, one) => sum + one, 0)} broken off`,
      },
      {
        ...row,
        figure: 'A cached key meanwhile, connections kept',
        value: `${readable(kept.p99)} ms`,
        p50: kept.p50,
        p99: kept.p99,
        against: `must be under 100; of those sent ${readable(kept.sentP99)}; idle ${readable(idle.kept.p99)}; most ${readable(kept.most)}`,
      },
      {
        ...row,
        figure: 'A cached key meanwhile, a new connection for each request',
        value: `${readable(anew.p99)} ms`,
        p50: anew.p50,
        p99: anew.p99,
        against: `of those sent ${readable(anew.sentP99)}; idle ${readable(idle.anew.p99)}; most ${readable(anew.most)}`,
      },
      {
        ...row,
        figure: 'Sign-ins per second and core of the server',
        connections: STEADY_BROWSERS,
        value: readable(signedIn / steady.cpuSeconds),
        against: `bcrypt at cost 12; Keycloak's sizing guide: ${KEYCLOAK_PER_CORE}`,
      },
    ],
    raw: {
      count,
      found,
      idle,
      wave: wave.pulses,
      steady: { ...steady, seconds: STEADY_MS / 1000, signedIn },
    },
  }
}

import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { Role, UserPrincipal } from '../../core/principal'
import { restoreEnvironment, setEnvironment } from '../../env/testing/environment'
import { db } from '../../store/db'
import { type GoogleServer, startGoogle } from '../../store/testing/google-server'
import { beginConnection } from '../connection-flows'
import { finishConnection } from '../connections'
import { getDataSource } from '../data-sources'
import type { SyncPlace } from '../remote-documents'
import { personOf, tenant } from './tenants'

export const provider = 'google_drive'
export const input = { provider, environment: 'live', name: 'Drive' } as const

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS

/** A clock that is so far ahead. */
export const ahead =
  (ms: number): (() => Date) =>
  () =>
    new Date(Date.now() + ms)

export type Choice = Parameters<GoogleServer['control']['consent']>[1]

/** A Google, connections with it and who makes them; for the tests of one file. */
export function connectingWorld() {
  let google: GoogleServer | undefined

  function here(): GoogleServer {
    if (!google) throw new Error('there is no Google yet')
    return google
  }

  beforeAll(async () => {
    google = await startGoogle()
    setEnvironment(google.env)
  })
  afterEach(() => {
    here().control.heal()
    here().control.giveTokens({
      rotates: false,
      givesRefreshToken: true,
      lifeSeconds: 3_600,
      saysExpiresIn: undefined,
    })
  })
  afterAll(async () => {
    restoreEnvironment()
    await google?.close()
  })

  /** Comes back from the provider with what a person chose there. */
  function back({ id, url, state }: { id: string; url: string; state: string }, choice?: Choice) {
    return {
      provider,
      flowId: id,
      state,
      callback: new URL(here().control.consent(url, choice)),
    } as const
  }

  async function person(role: Role = 'member'): Promise<UserPrincipal> {
    const { organization } = await tenant()
    return personOf(organization.id, role)
  }

  /** A source that this person has connected. */
  async function connected(who: UserPrincipal, choice?: Choice): Promise<{ id: string; place: SyncPlace }> {
    const { id } = await finishConnection(who, back(await beginConnection(who, input), choice))
    return { id, place: { organizationId: who.organizationId, dataSourceId: id } }
  }

  return {
    get google(): GoogleServer {
      return here()
    },
    back,
    person,
    connected,

    /** A source of a new person, what its connection says, and no call to the provider counted so far. */
    connection: async () => {
      const who = await person()
      const made = await connected(who)
      here().control.forgetCalls()
      return { person: who, ...made, state: async () => (await getDataSource(who, made)).connection }
    },

    /** How often a token endpoint was asked. */
    refreshes: () => here().control.count('POST /token'),

    /** An account that no other test has connected. */
    account: (): { account: string } => {
      const id = `own-${randomBytes(6).toString('hex')}`
      here().control.addAccount({ id, email: `${id}@example.com`, name: id, workspace: 'own.example' })
      return { account: id }
    },

    /** What is kept of a source's tokens, but for the tokens. */
    tokenOf: (dataSourceId: string) =>
      db().oauthToken.findFirstOrThrow({ where: { connection: { dataSourceId } } }),
  }
}

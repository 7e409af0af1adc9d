import { afterAll, afterEach, beforeAll } from 'vitest'
import type { KeyPrincipal } from '../../core/principal'
import type { SelectedItem } from '../../core/sync-schemas'
import { db, patiently } from '../../store/db'
import { type GoogleServer, startGoogle } from '../../store/testing/google-server'
import { listDocuments } from '../documents'
import { syncsOf } from '../source-sync-states'
import { syncNext } from '../source-syncer'
import { chooseSelection } from '../source-syncs'
import { connectedSource, setUpGoogle, tearDownGoogle } from './connected'
import { keyOf, tenant } from './tenants'

export const HOUR_MS = 3_600_000
export const TEAM: SelectedItem = { id: 'team', name: 'Team', kind: 'folder' }
export const ASIDE: SelectedItem = { id: 'aside', name: 'Aside', kind: 'folder' }
/** What lies in the folder Team, by title, sorted. */
export const TEAM_TITLES = ['Plan', ...Array.from({ length: 8 }, (_, n) => `bulk ${n}`)]

/** A source whose documents are synced, and who may change it. */
export interface SyncedSource {
  key: KeyPrincipal
  id: string
}

type Wait = (ms: number) => Promise<void>

/** A Google with nine documents in a folder, one of them deep, beside what is not chosen; for the tests of one file. */
export function syncWorld() {
  let google: GoogleServer | undefined
  let aheadMs = 0
  let waits: number[] = []
  const now = () => new Date(Date.now() + aheadMs)
  // Nobody waits in truth: the clock goes on instead.
  const goOn: Wait = async (ms) => {
    waits.push(ms)
    aheadMs += ms
  }

  function here(): GoogleServer {
    if (!google) throw new Error('there is no Google yet')
    return google
  }

  function fill(): void {
    const { control } = here()
    control.putFolder({ id: 'team', name: 'Team', parent: 'root' })
    control.putFolder({ id: 'deep', name: 'Deep', parent: 'team' })
    control.putFolder({ id: 'aside', name: 'Aside', parent: 'root' })
    control.putMany(8, 'team')
    control.putFile({ id: 'plan', name: 'Plan', parent: 'deep', text: 'The plover mandolin is blue.' })
    control.putFile({ id: 'secret', name: 'Secret', parent: 'aside', text: 'The quartz lantern is green.' })
  }

  beforeAll(async () => {
    google = await startGoogle({ pageSize: 4 })
    setUpGoogle(google)
    fill()
  })
  afterEach(async () => {
    here().control.heal()
    fill()
    here().control.forgetDownloads()
    waits = []
    aheadMs = 0
    await db().sourceSync.deleteMany({})
    await db().document.deleteMany({})
  })
  afterAll(async () => {
    tearDownGoogle()
    await google?.close()
  })

  const world = {
    get google(): GoogleServer {
      return here()
    },
    now,
    /** Puts the clock of the syncs forward. */
    advance: (ms: number): void => {
      aheadMs += ms
    },
    /** What was waited for so far. */
    waits: (): readonly number[] => waits,

    /** A connected source with this chosen; nothing is synced yet. */
    source: async (selection: SelectedItem[] = [TEAM], of: GoogleServer = here()): Promise<SyncedSource> => {
      const { organization } = await tenant()
      const key = keyOf(organization.id, ['admin'])
      const { id } = await connectedSource(key, of)
      await chooseSelection(key, { id, selection })
      return { key, id }
    },

    /** One turn, as a process gives it. False when none was due. */
    sync: (wait: Wait = goOn): Promise<boolean> => patiently(() => syncNext({ now, random: () => 0, wait })),
    syncAll: async (wait: Wait = goOn): Promise<void> => {
      while (await world.sync(wait));
    },

    stateOf: async ({ key, id }: SyncedSource) => (await syncsOf(key, [id])).get(id),

    /** What is here, by title: a document's state and its text's size. */
    index: async ({ key, id }: SyncedSource): Promise<Map<string, string>> => {
      const found = new Map<string, string>()
      for (let cursor: string | undefined; ; ) {
        const page = await listDocuments(key, { id, limit: 100, ...(cursor && { cursor }) })
        for (const { title, status, size } of page.data) found.set(title, `${status} ${size}`)
        if (page.next_cursor === null) return found
        cursor = page.next_cursor
      }
    },
    titles: async (source: SyncedSource): Promise<string[]> => [...(await world.index(source)).keys()].sort(),
  }
  return world
}

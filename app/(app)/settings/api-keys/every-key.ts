import type { ApiKey } from '@/lib/core/key-schemas'
import type { Principal } from '@/lib/core/principal'
import { listApiKeys } from '@/lib/domain/api-keys'

const PAGE = 200
/** Enough for any organization that a person looks after by hand. */
export const KEYS_MAX = 1_000

/** The organization's newest keys, all of them up to KEYS_MAX: what a page counts over. */
export async function everyKey(principal: Principal): Promise<{ keys: ApiKey[]; complete: boolean }> {
  const keys: ApiKey[] = []
  let cursor: string | undefined
  do {
    const page = await listApiKeys(principal, { limit: PAGE, cursor })
    keys.push(...page.data)
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined && keys.length < KEYS_MAX)
  return { keys, complete: cursor === undefined }
}

import { createHash, randomBytes } from 'node:crypto'
import type {
  ConnectorFiles,
  ConnectorOAuth,
  RemoteDocument,
  SyncCursor,
  TokenSet,
} from '../connectors/connector'

export const CALLBACK = 'http://localhost:3000/api/connectors/here/callback'

interface Choice {
  account?: string
  scopes?: string[]
  deny?: boolean
}

/** Goes through a consent as a browser would, but for the page. Answers the tokens. */
export async function connect(
  oauth: ConnectorOAuth,
  { control }: { control: { consent: (address: string, choice?: Choice) => string } },
  scopes: readonly string[],
  choice: Choice = {},
): Promise<TokenSet> {
  const codeVerifier = randomBytes(32).toString('base64url')
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
  const url = await oauth.authorizationUrl({ scopes, state: 'st', codeChallenge, redirectUri: CALLBACK })
  const back = new URL(control.consent(url.href, choice))
  return oauth.exchange({ code: back.searchParams.get('code') ?? '', codeVerifier, redirectUri: CALLBACK })
}

/** What one pass told of. */
export interface Pass {
  found: Map<string, RemoteDocument>
  deletions: string[]
  cursor: SyncCursor
  isFull: boolean
  pages: number
}

/** One pass to its end; the cursor goes through JSON between any two pages, as it does through the database. */
export async function passOf(
  files: ConnectorFiles,
  accessToken: string,
  selection: readonly string[],
  { cursor = null, now = new Date() }: { cursor?: SyncCursor | null; now?: Date } = {},
): Promise<Pass> {
  const found = new Map<string, RemoteDocument>()
  const deletions: string[] = []
  let at = cursor
  for (let pages = 1; ; pages += 1) {
    const page = await files.changes(accessToken, { selection, cursor: at, now })
    at = JSON.parse(JSON.stringify(page.cursor)) as SyncCursor
    for (const document of page.upserts) found.set(document.id, document)
    deletions.push(...page.deletions)
    if (page.isComplete) return { found, deletions, cursor: at, isFull: page.isFull, pages }
  }
}

/** A document's text, or why it has none. */
export async function textOf(
  files: ConnectorFiles,
  accessToken: string,
  document: RemoteDocument | undefined,
): Promise<string> {
  if (!document) return 'no such document'
  const fetched = await files.fetch(accessToken, document)
  return 'skipped' in fetched ? `skipped: ${fetched.skipped}` : new TextDecoder().decode(fetched.bytes)
}

import type { DocumentType } from '../../core/data-schemas'
import type { FailureKind } from '../../core/source-sync'

/** Tokens as a provider gave them: read, but not judged (core/connectors does that). */
export interface TokenSet {
  accessToken: string
  /** Null where the answer has none: the one before, if any, then stays good. */
  refreshToken: string | null
  /** As the provider says, be it 0, negative or absurd; null where it says nothing that is a number. */
  expiresInSeconds: number | null
  /** In the words of the catalogue, whatever aliases the provider uses; null where it does not tell. */
  scopes: string[] | null
}

/** Who agreed. */
export interface RemoteAccount {
  /** Stable and unique at the provider, the tenant or workspace included. */
  id: string
  /** For a person: an address or a name, on one line. */
  name: string
  workspace: string | null
}

/** What a provider said to a revocation; failures are thrown. */
export interface RevocationAnswer {
  outcome: 'revoked' | 'already_revoked'
  /** The provider's code or the HTTP status, printable. */
  answer: string
}

/** What an authorization begins with. */
interface AuthorizationRequest {
  scopes: readonly string[]
  state: string
  /** S256, RFC 7636. */
  codeChallenge: string
  redirectUri: string
  /** The account to offer first, by its name, where the provider takes such a hint. */
  loginHint?: string
}

/** OAuth 2.0 with one provider. Every call takes at most 10 seconds and throws ProviderFailure. */
export interface ConnectorOAuth {
  /** Where the browser is to be sent (RFC 6749 4.1.1). */
  authorizationUrl(request: AuthorizationRequest): Promise<URL>
  /** Exchanges a code (RFC 6749 4.1.3). `grant_refused`: the code is not good, or no longer. */
  exchange(answer: { code: string; codeVerifier: string; redirectUri: string }): Promise<TokenSet>
  /** RFC 6749 6. Only `grant_refused` says that the grant is gone. */
  refresh(refreshToken: string): Promise<TokenSet>
  account(accessToken: string): Promise<RemoteAccount>
  /** Ends the grant (RFC 7009 or the provider's own way); null where the provider has no such endpoint. */
  revoke:
    | ((tokens: { accessToken: string | null; refreshToken: string | null }) => Promise<RevocationAnswer>)
    | null
}

/** Something to choose from. */
export interface BrowseItem {
  /** Goes into the selection, and back as `parent`. */
  id: string
  name: string
  kind: 'folder' | 'drive' | 'site' | 'channel' | 'page' | 'database'
  hasChildren: boolean
}

export interface BrowseRequest {
  /** Null for the top. */
  parent: string | null
  /** Of the page before. */
  cursor: string | null
  /** Looks by name, everywhere, where `isSearchable`. */
  query?: string
}

/** A document at a provider, as a listing tells of it. */
export interface RemoteDocument {
  /** Stable at the provider, at most 255 characters. */
  id: string
  /** Another one whenever the text or the title is another. At most 255 characters. */
  version: string
  title: string
  /** For a person's browser. */
  url: string | null
  /** Where it lies, in a person's words; null at the top. */
  path: string | null
  /** What `fetch` needs to find it; small, JSON, of no meaning elsewhere. */
  handle: Record<string, string>
}

/** JSON of the provider's own, to be stored and handed back with the same selection alone. */
export type SyncCursor = Record<string, unknown>

/** A bounded piece of a pass. A pass ends with `isComplete`; the next call, with the cursor from there, begins another. */
export interface ChangePage {
  /** At most a few hundred. May tell of a document again that did not change. */
  upserts: RemoteDocument[]
  /** Ids that are gone, or no longer in the selection; of documents that nobody knew, too. */
  deletions: string[]
  cursor: SyncCursor
  isComplete: boolean
  /** The same for all pages of a pass: it lists everything, so what it has not told of by its end is gone. */
  isFull: boolean
}

interface ChangesRequest {
  selection: readonly string[]
  /** Null: a full pass. */
  cursor: SyncCursor | null
  now: Date
}

/** A document's text, or why there is none, in words for a person. */
export type FetchedDocument =
  | { title: string; url: string | null; mediaType: DocumentType; bytes: Uint8Array }
  | { skipped: string }

/** The documents that one account can see. Every call takes at most 10 seconds a request and throws ProviderFailure. */
export interface ConnectorFiles {
  isSearchable: boolean
  browse(accessToken: string, request: BrowseRequest): Promise<{ items: BrowseItem[]; next: string | null }>
  /**
   * What there is, or what changed since the cursor. `cursor_expired`: begin again with null. `not_found` for what is
   * selected and gone never ends a pass: its documents are simply not told of.
   */
  changes(accessToken: string, request: ChangesRequest): Promise<ChangePage>
  /** At most 10 MiB; `not_found` when it is gone meanwhile. */
  fetch(accessToken: string, document: RemoteDocument): Promise<FetchedDocument>
}

/** A call to a provider that came to nothing. Quotes no body, no token and no address. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure'
  /**
   * @param reason the provider's code or the system's, printable and short
   * @param retryAfterMs as the provider asks for, where it does
   */
  constructor(
    readonly kind: FailureKind,
    readonly reason: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(`${kind}: ${reason}`, options)
  }
}

/** A provider of documents. */
export interface Connector {
  oauth: ConnectorOAuth
  files: ConnectorFiles
  /** Least time between two requests of one source, as the provider's limits ask for. */
  paceMs: number
}

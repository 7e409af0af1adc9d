import { z } from 'zod'
import { environments } from './principal'
import { nameField, Timestamp } from './schemas'

/** The catalogue of connected apps: what each is asked for, and how a connection is told of. E1–E4. */

export const connectorProviders = ['google_drive', 'slack', 'notion', 'microsoft_365'] as const
export type ConnectorProvider = (typeof connectorProviders)[number]

interface ConnectorFacts {
  name: string
  /** In paths. contract.md 5. */
  path: string
  /** What is read, a line each. */
  reads: readonly string[]
  /** Whose eyes it is read with. */
  reach: string
  /** Least and read-only; all of them are needed. */
  scopes: ReadonlyArray<{ scope: string; why: string }>
  /** What the operator sets. */
  setUp: readonly [string, string]
  /** Whether an app can end its own permission there. */
  revokes: boolean
  /** Where a person can take the permission back. */
  revokeUrl: string
  isSearchable: boolean
}

export const CONNECTORS: Readonly<Record<ConnectorProvider, ConnectorFacts>> = {
  google_drive: {
    name: 'Google Drive',
    path: 'google-drive',
    reads: [
      'Docs, Sheets and Slides, as text',
      'PDF, text, Markdown, HTML and CSV files',
      'Folders and shared drives, with all that is below them',
    ],
    reach: 'Twig sees what your Google account can see.',
    scopes: [
      { scope: 'openid', why: 'Know which account it is' },
      { scope: 'email', why: 'Show its address here' },
      { scope: 'https://www.googleapis.com/auth/drive.readonly', why: 'List folders and read files' },
    ],
    setUp: ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
    revokes: true,
    revokeUrl: 'https://myaccount.google.com/connections',
    isSearchable: true,
  },
  slack: {
    name: 'Slack',
    path: 'slack',
    reads: ['Messages of public and private channels, by days', 'Threads, with who wrote what'],
    reach: 'Twig sees the channels that you are in; direct messages are not read.',
    scopes: [
      { scope: 'channels:read', why: 'List public channels' },
      { scope: 'channels:history', why: 'Read messages of public channels' },
      { scope: 'groups:read', why: 'List private channels that you are in' },
      { scope: 'groups:history', why: 'Read messages of private channels that you are in' },
      { scope: 'users:read', why: 'Show names in the place of ids' },
      { scope: 'team:read', why: 'Show the name of the workspace' },
    ],
    setUp: ['SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET'],
    revokes: true,
    revokeUrl: 'https://slack.com/apps/manage',
    isSearchable: false,
  },
  notion: {
    name: 'Notion',
    path: 'notion',
    reads: ['Pages, with the pages below them', 'Databases, a document for each row'],
    reach: 'Twig sees the pages that you allow on Notion’s own page, and what is below them.',
    scopes: [],
    setUp: ['NOTION_CLIENT_ID', 'NOTION_CLIENT_SECRET'],
    revokes: true,
    revokeUrl: 'https://www.notion.so/profile/connections',
    isSearchable: true,
  },
  microsoft_365: {
    name: 'Microsoft 365',
    path: 'microsoft-365',
    reads: [
      'Word, Excel and PowerPoint files',
      'PDF, text, Markdown, HTML and CSV files',
      'OneDrive and SharePoint sites, with all folders in them',
    ],
    reach: 'Twig sees what your Microsoft account can see.',
    scopes: [
      { scope: 'openid', why: 'Know which account it is' },
      { scope: 'profile', why: 'Show its name here' },
      { scope: 'offline_access', why: 'Go on reading when you are away' },
      { scope: 'User.Read', why: 'Show its address here' },
      { scope: 'Files.Read.All', why: 'Read files that you can open' },
      { scope: 'Sites.Read.All', why: 'List SharePoint sites that you can open' },
    ],
    setUp: ['MICROSOFT_CLIENT_ID', 'MICROSOFT_CLIENT_SECRET'],
    revokes: false,
    revokeUrl: 'https://myapps.microsoft.com',
    isSearchable: true,
  },
}

/** The provider that a path names, if it names one. */
export function providerOfPath(path: string | undefined): ConnectorProvider | undefined {
  return connectorProviders.find((provider) => CONNECTORS[provider].path === path)
}

/** Where a provider sends browsers back to. */
export function connectorCallbackPath(provider: ConnectorProvider): string {
  return `/api/connectors/${CONNECTORS[provider].path}/callback`
}

/** A card of the catalogue. */
export interface ConnectorChoice {
  provider: ConnectorProvider
  /** Whether the operator has set the two variables. */
  isConfigured: boolean
  /** To be registered there. */
  redirectUri: string
}

/** The console's form. */
export const BeginConnectionInput = z.strictObject({
  provider: z.enum(connectorProviders),
  environment: z.enum(environments),
  name: nameField('Name'),
})
export type BeginConnectionInput = z.infer<typeof BeginConnectionInput>

export const DisconnectInput = z.strictObject({})

const revocationOutcomes = ['revoked', 'already_revoked', 'pending', 'not_offered', 'in_use'] as const
export type RevocationOutcome = (typeof revocationOutcomes)[number]

/** What a disconnection did, here and at the provider. */
export const DisconnectReceipt = z
  .object({
    disconnected_at: Timestamp,
    tokens_deleted: z.literal(true),
    provider: z.object({
      outcome: z.enum(revocationOutcomes).meta({
        description:
          '`pending`: it is asked again; `not_offered`: it has no such endpoint; `in_use`: the account is connected elsewhere on this Twig.',
      }),
      answer: z.string().meta({ description: 'Its code, or the HTTP status.' }),
      at: Timestamp.nullable(),
      next_at: Timestamp.nullable(),
      revoke_url: z.string().nullable().meta({ description: 'Where a person can revoke.' }),
    }),
  })
  .meta({ id: 'DisconnectReceipt' })
export type DisconnectReceipt = z.infer<typeof DisconnectReceipt>

const connectionStates = ['connected', 'retrying', 'connection_failed', 'disconnected'] as const
export type ConnectionState = (typeof connectionStates)[number]

/** How a data source is connected with its provider; nothing of its tokens but how they are. */
export const Connection = z
  .object({
    provider: z.enum(connectorProviders),
    state: z.enum(connectionStates).meta({
      description:
        '`retrying` heals by itself; `connection_failed`: the provider refuses the permission, and a person has to reconnect.',
    }),
    account: z.object({ name: z.string(), workspace: z.string().nullable() }).nullable(),
    granted_scopes: z.array(z.string()),
    missing_scopes: z.array(z.string()),
    failure: z
      .object({ code: z.string(), reason: z.string().meta({ description: 'The provider’s own code.' }) })
      .nullable(),
    last_good_at: Timestamp.nullable(),
    failing_since: Timestamp.nullable(),
    retry_at: Timestamp.nullable(),
    token: z
      .object({
        expires_at: Timestamp.nullable(),
        refreshes: z.boolean(),
        refreshed_at: Timestamp.nullable(),
      })
      .nullable(),
    connected_at: Timestamp.nullable(),
    connected_by: z.object({ id: z.string(), name: z.string() }).nullable(),
    receipt: DisconnectReceipt.nullable(),
  })
  .meta({ id: 'Connection' })
export type Connection = z.infer<typeof Connection>

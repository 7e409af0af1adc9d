import { GOOGLE_ISSUER } from '../../core/google-addresses'
import { nodeEnv } from '../../env/node'
import { type Connector, ProviderFailure } from './connector'
import { googleFiles } from './google-files'
import { googleOAuth } from './google-oauth'
import { microsoftFiles } from './microsoft-files'
import { microsoftOAuth } from './microsoft-oauth'
import { notionFiles } from './notion-files'
import { notionOAuth } from './notion-oauth'
import { slackFiles } from './slack-files'
import { slackOAuth } from './slack-oauth'

interface OAuthClient {
  clientId: string
  clientSecret: string
}

type Provider = 'google_drive' | 'slack' | 'notion' | 'microsoft_365'

const bare = (url: string) => url.replace(/\/+$/, '')

const MAKE = {
  google_drive(client: OAuthClient): Connector {
    const { GOOGLE_ISSUER: issuer = GOOGLE_ISSUER, GOOGLE_API_URL: api = 'https://www.googleapis.com' } =
      nodeEnv().endpoints
    return {
      oauth: googleOAuth({ provider: 'google', ...client, issuer: bare(issuer) }),
      files: googleFiles(bare(api)),
      paceMs: 100,
    }
  },
  slack(client: OAuthClient): Connector {
    const base = bare(nodeEnv().endpoints.SLACK_BASE_URL ?? 'https://slack.com')
    // 50 requests a minute of most methods.
    return { oauth: slackOAuth(client, base), files: slackFiles(base), paceMs: 1_200 }
  },
  notion(client: OAuthClient): Connector {
    const base = bare(nodeEnv().endpoints.NOTION_BASE_URL ?? 'https://api.notion.com')
    // Three requests a second.
    return { oauth: notionOAuth(client, base), files: notionFiles(base), paceMs: 350 }
  },
  microsoft_365(client: OAuthClient): Connector {
    const usual = 'https://login.microsoftonline.com/common/v2.0'
    const { MICROSOFT_ISSUER: issuer = usual, MICROSOFT_GRAPH_URL: graph = 'https://graph.microsoft.com' } =
      nodeEnv().endpoints
    const at = { provider: 'microsoft' as const, ...client, issuer: bare(issuer) }
    return { oauth: microsoftOAuth(at, bare(graph)), files: microsoftFiles(bare(graph)), paceMs: 100 }
  },
}

const CLIENTS = {
  google_drive: 'google',
  slack: 'slack',
  notion: 'notion',
  microsoft_365: 'microsoft',
} as const

/** Whether this Twig has a client at a provider. */
export function hasConnector(provider: Provider): boolean {
  return nodeEnv()[CLIENTS[provider]] !== undefined
}

/** A provider as this Twig is set up for it. Throws ProviderFailure, `unavailable`, for one without a client. */
export function connectorOf(provider: Provider): Connector {
  const client = nodeEnv()[CLIENTS[provider]]
  if (!client) throw new ProviderFailure('unavailable', 'connector_not_configured')
  return MAKE[provider](client)
}

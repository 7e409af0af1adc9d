import { CONNECTORS, type ConnectorProvider } from '../../core/connectors'
import { newId } from '../../core/ids'
import type { Environment, Principal } from '../../core/principal'
import { restoreEnvironment, setEnvironment } from '../../env/testing/environment'
import type { RemoteAccount, TokenSet } from '../../store/connectors/connector'
import { connectorOf } from '../../store/connectors/providers'
import { inTransaction } from '../../store/db'
import { connect } from '../../store/testing/connector-passes'
import type { GoogleServer } from '../../store/testing/google-server'
import { sealTokens } from '../connection-sealing'
import { insertConnectedSource } from '../data-sources'
import { openSync } from '../source-sync-states'

/** Makes this process connect with that Google. */
export function setUpGoogle(google: GoogleServer): void {
  setEnvironment(google.env)
}

/** Gives it back what was set before. */
export function tearDownGoogle(): void {
  restoreEnvironment()
}

/** What a test says of a connection that nobody has consented to. */
export interface Planted {
  provider?: ConnectorProvider
  account?: RemoteAccount
  /** Whose grant it is. */
  connectedById?: string
  tokens?: Partial<TokenSet>
}

/** A source that is connected, by its rows alone; nothing is chosen. */
export async function plantConnection(
  { organizationId, environment }: { organizationId: string; environment: Environment },
  { provider = 'google_drive', account, connectedById, tokens }: Planted = {},
): Promise<{ id: string; connectionId: string }> {
  const scopes = CONNECTORS[provider].scopes.map(({ scope }) => scope)
  const { id: accountId, name: accountName, workspace } = account ?? { id: '1', name: 'ada', workspace: null }
  const { accessToken = 'access', refreshToken = 'refresh', expiresInSeconds = 3_600 } = tokens ?? {}
  const [connectionId, now] = [newId('conn'), new Date()]
  return inTransaction(async (tx) => {
    const source = { organizationId, environment, name: 'Drive', kind: provider }
    const id = await insertConnectedSource(tx, source)
    await tx.connection.create({
      data: {
        id: connectionId,
        organizationId,
        dataSourceId: id,
        provider,
        state: 'connected',
        accountId,
        accountName,
        workspace,
        requestedScopes: scopes,
        grantedScopes: scopes,
        lastGoodAt: now,
        ...(connectedById && { connectedById }),
        connectedAt: now,
      },
    })
    await tx.oauthToken.create({
      data: {
        connectionId,
        organizationId,
        ...sealTokens({ organizationId, connectionId }, { accessToken, refreshToken }),
        accessExpiresAt: new Date(now.getTime() + (expiresInSeconds ?? 0) * 1000),
        refreshedAt: now,
      },
      select: { version: true },
    })
    await openSync(tx, { organizationId, dataSourceId: id })
    return { id, connectionId }
  })
}

/** A source in the caller's environment that is connected with the first account of that Google; nothing is chosen. */
export async function connectedSource(principal: Principal, google: GoogleServer): Promise<{ id: string }> {
  const { oauth } = connectorOf('google_drive')
  const scopes = CONNECTORS.google_drive.scopes.map(({ scope }) => scope)
  const tokens = await connect(oauth, google, scopes)
  return plantConnection(principal, { account: await oauth.account(tokens.accessToken), tokens })
}

import { CONNECTORS } from '../../core/connectors'
import { newId } from '../../core/ids'
import type { Principal } from '../../core/principal'
import { restoreEnvironment, setEnvironment } from '../../env/testing/environment'
import { connectorOf } from '../../store/connectors/providers'
import { inTransaction } from '../../store/db'
import { connect } from '../../store/testing/connector-passes'
import type { GoogleServer } from '../../store/testing/google-server'
import { sealTokens } from '../connection-sealing'
import { openSync } from '../source-sync-states'

/** Makes this process connect with that Google. */
export function setUpGoogle(google: GoogleServer): void {
  setEnvironment(google.env)
}

/** Gives it back what was set before. */
export function tearDownGoogle(): void {
  restoreEnvironment()
}

/** A source in the caller's environment that is connected with the first account of that Google; nothing is chosen. */
export async function connectedSource(
  { organizationId, environment }: Principal,
  google: GoogleServer,
): Promise<{ id: string }> {
  const { oauth } = connectorOf('google_drive')
  const scopes = CONNECTORS.google_drive.scopes.map(({ scope }) => scope)
  const { accessToken, refreshToken, expiresInSeconds } = await connect(oauth, google, scopes)
  const account = await oauth.account(accessToken)
  const [id, connectionId, now] = [newId('ds'), newId('conn'), new Date()]
  await inTransaction(async (tx) => {
    const kind = 'google_drive'
    const data = { id, organizationId, environment, name: 'Drive', kind, status: 'connected' }
    await tx.dataSource.create({ data })
    await tx.connection.create({
      data: {
        id: connectionId,
        organizationId,
        dataSourceId: id,
        provider: kind,
        state: 'connected',
        accountId: account.id,
        accountName: account.name,
        workspace: account.workspace,
        requestedScopes: scopes,
        grantedScopes: scopes,
        lastGoodAt: now,
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
    })
    await openSync(tx, { organizationId, dataSourceId: id })
  })
  return { id }
}

import { missingScopes } from '../core/connection-decisions'
import {
  CONNECTORS,
  type Connection,
  type ConnectionState,
  type ConnectorProvider,
  type DisconnectReceipt,
  type RevocationOutcome,
} from '../core/connectors'
import type { Connection as Row, TokenRevocation } from '../generated/prisma/client'
import { db } from '../store/db'
import { namesOfUsers } from './users'

const time = (value: Date | null | undefined) => value?.toISOString() ?? null

type Revocation = Omit<TokenRevocation, 'sealedTokens'>

function receiptOf(row: Row, asked: Revocation | undefined): DisconnectReceipt | null {
  if (row.disconnectedAt === null) return null
  const { revokeUrl } = CONNECTORS[row.provider as ConnectorProvider]
  const outcome = (row.receiptOutcome ?? asked?.outcome ?? 'pending') as RevocationOutcome
  return {
    disconnected_at: row.disconnectedAt.toISOString(),
    tokens_deleted: true,
    provider: {
      outcome,
      answer: asked?.answer ?? '',
      at: time(asked?.finishedAt),
      next_at: time(asked?.nextAt),
      revoke_url: outcome === 'revoked' || outcome === 'already_revoked' ? null : revokeUrl,
    },
  }
}

/** How data sources are connected, by the source's id; what is not of a provider is absent. */
export async function connectionsOf(
  { organizationId }: { organizationId: string },
  dataSourceIds: readonly string[],
): Promise<Map<string, Connection>> {
  const rows = await db().connection.findMany({
    where: { organizationId, dataSourceId: { in: [...dataSourceIds] } },
    include: { token: { select: { accessExpiresAt: true, refreshedAt: true, sealedRefreshToken: true } } },
  })
  if (rows.length === 0) return new Map()
  const names = await namesOfUsers(rows.flatMap(({ connectedById }) => connectedById ?? []))
  const person = (id: string | null) => {
    const name = names.get(id ?? '')
    return id === null || name === undefined ? null : { id, name }
  }
  // The last one of a connection: it may have been disconnected before.
  const revocations = await db().tokenRevocation.findMany({
    where: { organizationId, connectionId: { in: rows.map(({ id }) => id) } },
    orderBy: { createdAt: 'asc' },
  })
  const asked = new Map(revocations.map((one) => [one.connectionId, one]))
  return new Map(
    rows.map(({ token, ...row }): [string, Connection] => [
      row.dataSourceId,
      {
        provider: row.provider as ConnectorProvider,
        state: row.state as ConnectionState,
        account: { name: row.accountName, workspace: row.workspace },
        granted_scopes: row.grantedScopes,
        missing_scopes: missingScopes(row.requestedScopes, row.grantedScopes),
        failure: row.failureCode ? { code: row.failureCode, reason: row.failureReason ?? '' } : null,
        last_good_at: time(row.lastGoodAt),
        failing_since: time(row.failingSince),
        retry_at: time(row.retryAt),
        token: token && {
          expires_at: time(token.accessExpiresAt),
          refreshes: token.sealedRefreshToken !== null,
          refreshed_at: time(token.refreshedAt),
        },
        connected_at: time(row.connectedAt),
        connected_by: person(row.connectedById),
        receipt: receiptOf(row, asked.get(row.id)),
      },
    ]),
  )
}

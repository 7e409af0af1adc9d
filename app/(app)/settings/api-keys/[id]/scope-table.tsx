import { daysSince, UNUSED_DAYS, unneededScopes } from '@/lib/core/key-care'
import type { ApiKey, UsageReport } from '@/lib/core/key-schemas'
import { apiPolicy } from '@/lib/core/policy'
import { type Scope, scopes } from '@/lib/core/principal'
import { Banner } from '../../../../_ui/banner'
import { countText } from '../../../../_ui/scale'
import {
  HeaderCell,
  RowHeader,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableRow,
} from '../../../../_ui/table'
import { scopeList, scopeWords } from '../scope-words'
import { NarrowButton } from './key-buttons'

interface ScopeTableProps {
  apiKey: ApiKey
  used: UsageReport['scopes_used']
  /** Whether this person may take scopes from it. */
  narrowable: boolean
  nowMs: number
}

/** What of the API asks for a scope, method and path. */
function callsOf(scope: Scope): string[] {
  return apiPolicy
    .filter((row) => row.scope === scope)
    .flatMap(({ methods, pattern }) => methods.map((method) => `${method} ${pattern}`))
}

/** Requests that a key could make for this scope alone. Admin counts for whatever no other scope of the key covers. */
function neededBy(scope: Scope, granted: readonly Scope[], used: UsageReport['scopes_used']): number {
  if (scope !== 'admin') return used[scope]
  return scopes
    .filter((each) => each === 'admin' || !granted.includes(each))
    .reduce((sum, each) => sum + used[each], 0)
}

/** A key's scopes, what each is for and whether it is needed; the way to fewer. */
export function ScopeTable({ apiKey, used, narrowable, nowMs }: ScopeTableProps) {
  const { keep, drop } = unneededScopes(apiKey.scopes, used)
  const young = daysSince(apiKey.created_at, nowMs) < UNUSED_DAYS
  const idle = young ? 'Not used since it was made' : `Not used in ${UNUSED_DAYS} days`
  return (
    <div className="grid gap-4">
      <Table caption="Scopes">
        <TableHead>
          <HeaderCell>Scope</HeaderCell>
          <HeaderCell>May call</HeaderCell>
          <HeaderCell numeric>Requests, {UNUSED_DAYS} days</HeaderCell>
        </TableHead>
        <TableBody>
          {apiKey.scopes.map((scope) => {
            const count = neededBy(scope, apiKey.scopes, used)
            return (
              <TableRow key={scope}>
                <RowHeader>{scopeWords[scope].title}</RowHeader>
                <TableCell label="May call">
                  {scopeWords[scope].description}
                  <span className="flex flex-wrap gap-x-4 text-muted">
                    {callsOf(scope).map((call) => (
                      <code key={call} className="text-sm">
                        {call}
                      </code>
                    ))}
                  </span>
                </TableCell>
                <TableCell label="Requests" numeric>
                  {count > 0 ? countText(count) : <span className="text-muted">{idle}</span>}
                </TableCell>
              </TableRow>
            )
          })}
        </TableBody>
      </Table>
      {drop.length > 0 && (
        <Banner
          title={`It was used for ${scopeList(keep)} alone`}
          action={narrowable && <NarrowButton apiKey={apiKey} keep={keep} drop={drop} />}
        >
          {scopeList(drop)} could go: what a key cannot do, nobody can do with it when it leaks.
        </Banner>
      )}
    </div>
  )
}

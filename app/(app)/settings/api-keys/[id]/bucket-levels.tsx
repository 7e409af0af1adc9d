import type { UsageReport } from '@/lib/core/key-schemas'
import { matchesScope, type Scope } from '@/lib/core/principal'
import { Banner } from '../../../../_ui/banner'
import { Card } from '../../../../_ui/card'
import { Meter } from '../../../../_ui/meter'
import { countText } from '../../../../_ui/scale'
import { scopeWords } from '../scope-words'

function level(remaining: number, limit: number): string {
  return `${countText(remaining)} of ${countText(limit)}`
}

interface BucketLevelsProps extends Pick<UsageReport, 'buckets'> {
  /** Of the key: other buckets it can hardly reach. */
  scopes: readonly Scope[]
}

/** What is left in each bucket at this moment: the key's own, and the one that all of the organization's keys share. */
export function BucketLevels({ buckets, scopes }: BucketLevelsProps) {
  if (buckets === null) {
    return <Banner tone="warning">The levels cannot be read now. Requests are judged all the same.</Banner>
  }
  return (
    <Card className="divide-y divide-border">
      {buckets
        .filter(({ scope }) => matchesScope(scopes, scope))
        .map(({ scope, limit, remaining, organization }) => (
          <div key={scope} className="grid gap-x-8 gap-y-3 px-4 py-3.5 sm:grid-cols-[6rem_1fr_1fr] sm:px-5">
            <p className="font-medium">{scopeWords[scope].title}</p>
            <Meter label="This key" value={remaining} max={limit} text={level(remaining, limit)} />
            <Meter
              label="Organization"
              value={organization.remaining}
              max={organization.limit}
              text={level(organization.remaining, organization.limit)}
            />
          </div>
        ))}
    </Card>
  )
}

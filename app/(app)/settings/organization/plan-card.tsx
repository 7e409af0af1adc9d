import { Check, Minus } from 'lucide-react'
import { features, planIncludes, planNames } from '@/lib/core/plans'
import type { Plan } from '@/lib/core/principal'
import { Badge } from '../../../_ui/badge'
import { Card, CardFooter, CardHeader } from '../../../_ui/card'

/** The plan, and what it has of that which not every plan has. */
export function PlanCard({ plan }: { plan: Plan }) {
  return (
    <Card>
      <CardHeader
        title={planNames[plan]}
        description="Agents, data, keys, members and the audit log are on every plan, without quotas."
        actions={<Badge variant="outline">Present plan</Badge>}
      />
      <ul className="divide-y divide-border border-border border-t">
        {Object.entries(features).map(([key, { name, about, plan: required }]) => {
          const isIncluded = planIncludes(plan, key as keyof typeof features)
          const Mark = isIncluded ? Check : Minus
          return (
            <li key={key} className="flex items-start gap-3 px-4 py-3 sm:px-5">
              <Mark
                aria-hidden="true"
                className={`mt-0.75 size-4 shrink-0 ${isIncluded ? 'text-success' : 'text-muted'}`}
              />
              <div className="min-w-0 flex-1">
                <p className="font-medium">{name}</p>
                <p className="text-muted text-sm">{about}</p>
              </div>
              {isIncluded ? (
                <Badge variant="success" icon={null}>
                  Included
                </Badge>
              ) : (
                <Badge variant="outline">{planNames[required]}</Badge>
              )}
            </li>
          )
        })}
      </ul>
      <CardFooter>Whoever runs this Twig sets plans and limits.</CardFooter>
    </Card>
  )
}

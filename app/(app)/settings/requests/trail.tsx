import { CircleCheck, CircleDashed, CircleX, type LucideIcon, Minus } from 'lucide-react'
import type { StepOutcome, TrailEntry, TrailStep } from '@/lib/core/request-trail'
import { Card } from '../../../_ui/card'
import { cn } from '../../../_ui/cn'
import { TextLink } from '../../../_ui/text-link'

const titles: Readonly<Record<TrailStep, string>> = {
  transport: 'Transport',
  route: 'Route',
  header: 'Authorization header',
  tag: 'Key’s tag',
  key: 'Key',
  environment: 'Environment',
  address: 'Address',
  scope: 'Scope',
  plan: 'Plan',
  bucket: 'Rate limit',
  answer: 'Answer',
}

const looks: Readonly<Record<StepOutcome, { Icon: LucideIcon; word: string; colour: string }>> = {
  passed: { Icon: CircleCheck, word: 'Passed', colour: 'text-success' },
  failed: { Icon: CircleX, word: 'Failed', colour: 'text-danger' },
  not_reached: { Icon: CircleDashed, word: 'Not reached', colour: 'text-muted' },
  not_needed: { Icon: Minus, word: 'Not needed', colour: 'text-muted' },
}

/** A request's way through the gate, step by step; the one that decided stands out and leads to what mends it. */
export function Trail({ steps, code }: { steps: readonly TrailEntry[]; code: string | null }) {
  return (
    <Card>
      <ol className="divide-y divide-border" aria-label="Decision, step by step">
        {steps.map(({ step, outcome, detail }) => {
          const { Icon, word, colour } = looks[outcome]
          const isFailed = outcome === 'failed'
          return (
            <li
              key={step}
              className={cn(
                'grid gap-x-6 gap-y-0.5 px-4 py-2.5 sm:grid-cols-[12rem_minmax(0,1fr)] sm:px-5',
                isFailed && 'bg-danger-soft',
              )}
            >
              <span className={cn('flex items-center gap-2', isFailed && 'font-medium')}>
                <Icon aria-hidden="true" className={cn('size-4 shrink-0', colour)} />
                {titles[step]}
                <span className="sr-only">: {word}</span>
              </span>
              <span className={cn('wrap-anywhere', !isFailed && 'text-muted')}>
                {detail}
                {isFailed && code && (
                  <>
                    {' '}
                    <TextLink href={`/docs/errors#${code}`} prefetch={false} className="font-mono text-sm">
                      {code}
                    </TextLink>
                  </>
                )}
              </span>
            </li>
          )
        })}
      </ol>
    </Card>
  )
}

import type { Metadata } from 'next'
import { outageTable, outcomes } from '@/lib/core/outages'
import { PageHeader } from '../../../_ui/page-header'
import { Prose } from '../../../_ui/prose'

export const metadata: Metadata = { title: 'Outages' }

const AWAY = [
  { part: 'redis', label: 'Redis away' },
  { part: 'postgres', label: 'Postgres away' },
  { part: 'both', label: 'Both away' },
] as const

/** What fails open and what closed, from the table that the gate and the tests follow. */
export default function OutagesPage() {
  return (
    <>
      <PageHeader
        title="Outages"
        description="What Twig does while Redis or Postgres is refused, silent, slow or answers nonsense. Every answer comes within two seconds, or later where the machine keeps Twig from its work meanwhile, and everything is back within five seconds of the part that was away."
      />
      <Prose>
        <p>
          Who may do something is never decided on less than its due: without it the answer is 503 and never
          401. How much someone may do is decided on buckets of the process. What is only counted is kept for
          later.
        </p>
        {Object.entries(outageTable).map(([name, row]) => (
          <section key={name} id={name} className="scroll-mt-20">
            <h2>{row.what}</h2>
            <p>{row.why}</p>
            <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-[9rem_minmax(0,1fr)]">
              {AWAY.map(({ part, label }) => (
                <div key={part} className="contents">
                  <dt className="text-muted">{label}</dt>
                  <dd className="max-sm:mb-2">{outcomes[row[part]]}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </Prose>
    </>
  )
}

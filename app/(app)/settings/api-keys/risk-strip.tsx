import { TriangleAlert } from 'lucide-react'
import { ButtonLink } from '../../../_ui/button-link'
import { TextLink } from '../../../_ui/text-link'
import { type Risk, riskText } from './risks'

interface RiskStripProps {
  path: string
  /** How many keys each risk points out, those with none left out. */
  counts: { risk: Risk; count: number }[]
  /** The filter in force. */
  current: Risk | null
  /** Said when not every key was looked at. */
  scope?: string | undefined
}

/** What deserves attention among the keys, each a filter of the list below. Nothing when all is well. */
export function RiskStrip({ path, counts, current, scope }: RiskStripProps) {
  if (counts.length === 0) return null
  return (
    <nav
      aria-label="Keys to look after"
      className="mb-5 flex flex-wrap items-start gap-3 rounded-lg border border-warning-line bg-warning-soft px-4 py-3"
    >
      <TriangleAlert aria-hidden="true" className="mt-0.75 size-4 shrink-0 text-warning" />
      <ul className="flex min-w-0 flex-1 flex-wrap gap-y-1 max-sm:basis-4/5 max-sm:flex-col">
        {counts.map(({ risk, count }) => (
          <li
            key={risk}
            className="sm:not-last:after:mx-2.5 sm:not-last:after:text-muted sm:not-last:after:content-['·'/'']"
          >
            <TextLink
              href={`${path}?show=${risk}`}
              aria-current={current === risk ? 'true' : undefined}
              scroll={false}
              className={current === risk ? 'font-medium' : undefined}
            >
              {riskText(risk, count)}
            </TextLink>
          </li>
        ))}
        {scope && <li className="w-full text-muted text-sm">{scope}</li>}
      </ul>
      {current && (
        <ButtonLink href={path} size="sm" scroll={false} className="max-sm:ml-7 sm:-my-1.25">
          Show all keys
        </ButtonLink>
      )}
    </nav>
  )
}

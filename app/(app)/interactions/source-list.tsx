import { ExternalLink } from 'lucide-react'
import type { Source } from '@/lib/core/answer-schemas'
import { similarityText } from './interaction-words'

/** An address that may be followed; whatever else a document calls its address is only its name. */
function isWebAddress(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url)
}

/** The passages that an answer was drawn from, each with its document and how much it resembles the question. */
export function SourceList({ sources }: { sources: readonly Source[] }) {
  if (sources.length === 0) return null
  return (
    <ol aria-label="Sources" className="divide-y divide-border rounded-md border border-border">
      {sources.map((source, place) => (
        <li key={source.chunk_id} className="flex items-baseline justify-between gap-4 px-3 py-2 text-sm">
          <span className="wrap-anywhere min-w-0">
            <span className="mr-2 text-muted tabular-nums">{place + 1}</span>
            {isWebAddress(source.document_url) ? (
              <a
                href={source.document_url}
                target="_blank"
                rel="noreferrer noopener"
                className="rounded-sm underline decoration-control underline-offset-4 hover:text-accent"
              >
                {source.document_title}
                <ExternalLink aria-label="(opens in a new tab)" className="ml-1 inline size-3" />
              </a>
            ) : (
              source.document_title
            )}
          </span>
          <span
            className="shrink-0 text-muted tabular-nums"
            title="How much the passage resembles the question"
          >
            {similarityText(source.similarity)} <span className="max-sm:sr-only">similar</span>
          </span>
        </li>
      ))}
    </ol>
  )
}

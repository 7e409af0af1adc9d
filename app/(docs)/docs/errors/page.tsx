import type { Metadata } from 'next'
import { type ErrorCode, type ErrorEntry, errorTable } from '@/lib/core/errors'
import { type ErrorSample, errorSample } from '@/lib/http/error-samples'
import { Badge } from '../../../_ui/badge'
import { CodeBlock } from '../../../_ui/code-block'
import { CodeText } from '../../../_ui/code-text'
import { PageHeader } from '../../../_ui/page-header'
import { Prose } from '../../../_ui/prose'
import { TextLink } from '../../../_ui/text-link'

export const metadata: Metadata = { title: 'Errors' }
export const dynamic = 'force-dynamic'

const codes = Object.keys(errorTable) as ErrorCode[]

/** An answer as it goes over the wire, without what every answer carries. */
function asText({ status, headers, body }: ErrorSample): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status}`, ...lines, '', body].join('\n')
}

export default async function ErrorsPage() {
  const samples = await Promise.all(codes.map(async (code) => asText(await errorSample(code))))
  return (
    <>
      <PageHeader
        title="Errors"
        description="Every refusal has a stable code, a sentence that says what to do, and a request id that leads to the record."
      />
      <Prose>
        <p>
          Each error links to its section here. With its <code>request_id</code> a member of the organization
          finds the request, and the step that decided, in{' '}
          <TextLink href="/settings/requests" prefetch={false}>
            Settings → Requests
          </TextLink>
          ; there, or by <code>POST /explain</code>, the gate also says what it would answer to a request.
        </p>
      </Prose>
      {codes.map((code, at) => (
        <ErrorSection key={code} code={code} entry={errorTable[code]} sample={samples[at] ?? ''} />
      ))}
    </>
  )
}

function ErrorSection({ code, entry, sample }: { code: ErrorCode; entry: ErrorEntry; sample: string }) {
  return (
    <section id={code} aria-labelledby={`${code}-title`} className="mt-12 scroll-mt-20">
      <h2
        id={`${code}-title`}
        className="flex flex-wrap items-center gap-x-3 gap-y-1 font-semibold text-lg wrap-anywhere"
      >
        <a href={`#${code}`} className="rounded-sm hover:text-accent">
          <code>{code}</code>
        </a>
        <Badge>{entry.status}</Badge>
        <span className="font-normal text-muted">{entry.error}</span>
      </h2>
      <Prose className="mb-4">
        <dl className="mt-3 grid gap-x-6 gap-y-1 sm:grid-cols-[4rem_minmax(0,1fr)]">
          <dt className="text-muted">Cause</dt>
          <dd>
            <CodeText text={entry.meaning} />
          </dd>
          <dt className="text-muted">Fix</dt>
          <dd>
            <CodeText text={entry.fix} />
          </dd>
        </dl>
      </Prose>
      <CodeBlock samples={[{ label: 'Answer', code: sample }]} subject={code} wrap />
    </section>
  )
}

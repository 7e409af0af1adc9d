import type { Metadata } from 'next'
import { errorTable } from '@/lib/core/errors'
import { Badge } from '../../../_ui/badge'
import { CodeBlock } from '../../../_ui/code-block'
import { PageHeader } from '../../../_ui/page-header'
import { Prose } from '../../../_ui/prose'

export const metadata: Metadata = { title: 'Errors' }

const example = `{
  "error": "API key lacks the execute scope",
  "status": 403,
  "code": "insufficient_scope",
  "message": "POST /query needs execute; this key has read. …",
  "required_scope": "execute",
  "scopes": ["read"],
  "request_id": "req_…",
  "docs": "https://…/docs/errors#insufficient_scope"
}`

export default function ErrorsPage() {
  return (
    <>
      <PageHeader
        title="Errors"
        description="Every refusal has a stable code, a sentence that says what to do, and a request id that leads to the record."
      />
      <CodeBlock samples={[{ label: 'Shape of every error of the API', code: example }]} />
      <Prose>
        {Object.entries(errorTable).map(([code, entry]) => (
          <section key={code} id={code} className="scroll-mt-20">
            <h2 className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <code>{code}</code>
              <Badge>{entry.status}</Badge>
            </h2>
            <p>
              <strong>{entry.error}.</strong> {entry.meaning}
            </p>
            <p>{entry.fix}</p>
          </section>
        ))}
      </Prose>
    </>
  )
}

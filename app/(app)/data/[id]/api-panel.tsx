import type { DataSource } from '@/lib/core/data-schemas'
import { Card } from '../../../_ui/card'
import { CodeBlock } from '../../../_ui/code-block'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'

/** How a program adds to a source. */
export function ApiPanel({ source, appUrl }: { source: DataSource; appUrl: string }) {
  const isTest = source.environment === 'test'
  const url = `${appUrl}/api/${isTest ? 'test/' : ''}v1/data-sources/${source.id}/documents`
  const samples = [
    {
      label: 'Text',
      code: `curl ${url} \\\n  -H "Authorization: Bearer $TWIG_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"title": "Returns", "text": "Products can be returned within 30 days."}'`,
    },
    {
      label: 'File',
      code: `curl ${url} \\\n  -H "Authorization: Bearer $TWIG_API_KEY" \\\n  -F file=@handbook.pdf`,
    },
    {
      label: 'JavaScript',
      code: `import { openAsBlob } from 'node:fs'\n\nconst form = new FormData()\nform.set('file', await openAsBlob('handbook.pdf'), 'handbook.pdf')\nconst answer = await fetch('${url}', {\n  method: 'POST',\n  headers: { Authorization: \`Bearer \${process.env.TWIG_API_KEY}\` },\n  body: form,\n})\nconsole.log(await answer.json())`,
    },
  ]
  return (
    <Section
      title="Add documents by program"
      description={`With a ${isTest ? 'Test' : 'Live'} key of this organization that has the scope write.`}
    >
      <div className="grid gap-4">
        <Card>
          <DescriptionList>
            <DescriptionItem term="Id" copy={<CopyButton value={source.id} label="Copy data source id" />}>
              <code className="text-sm">{source.id}</code>
            </DescriptionItem>
            <DescriptionItem term="Created">
              <RelativeTime value={source.created_at} />
            </DescriptionItem>
            <DescriptionItem term="Last indexed">
              <RelativeTime value={source.last_sync_at} />
            </DescriptionItem>
          </DescriptionList>
        </Card>
        <CodeBlock samples={samples} />
      </div>
    </Section>
  )
}

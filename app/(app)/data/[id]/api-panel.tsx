import type { DataSource } from '@/lib/core/data-schemas'
import { Card } from '../../../_ui/card'
import { CodeBlock } from '../../../_ui/code-block'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'

/** What a program sends to add to a source. */
function addingSamples(url: string) {
  return [
    {
      label: 'Text',
      code: `curl ${url}/documents \\\n  -H "Authorization: Bearer $TWIG_API_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"title": "Returns", "text": "Products can be returned within 30 days."}'`,
    },
    {
      label: 'File',
      code: `curl ${url}/documents \\\n  -H "Authorization: Bearer $TWIG_API_KEY" \\\n  -F file=@handbook.pdf`,
    },
    {
      label: 'JavaScript',
      code: `import { openAsBlob } from 'node:fs'\n\nconst form = new FormData()\nform.set('file', await openAsBlob('handbook.pdf'), 'handbook.pdf')\nconst answer = await fetch('${url}/documents', {\n  method: 'POST',\n  headers: { Authorization: \`Bearer \${process.env.TWIG_API_KEY}\` },\n  body: form,\n})\nconsole.log(await answer.json())`,
    },
  ]
}

/** What a program sends to a source that brings its documents itself. */
function syncingSamples(url: string) {
  const authorization = '-H "Authorization: Bearer $TWIG_API_KEY"'
  const json = `${authorization} \\\n  -H "Content-Type: application/json"`
  return [
    { label: 'State', code: `curl ${url} \\\n  ${authorization}` },
    { label: 'Sync now', code: `curl ${url}/sync \\\n  ${json} \\\n  -d '{}'` },
    { label: 'Schedule', code: `curl -X PUT ${url}/schedule \\\n  ${json} \\\n  -d '{"minutes": 60}'` },
    { label: 'Choose from', code: `curl ${url}/browse \\\n  ${authorization}` },
  ]
}

/** How a program works with a source. */
export function ApiPanel({ source, appUrl }: { source: DataSource; appUrl: string }) {
  const isTest = source.environment === 'test'
  const url = `${appUrl}/api/${isTest ? 'test/' : ''}v1/data-sources/${source.id}`
  const isConnected = source.connection !== null
  return (
    <Section
      title={isConnected ? 'Sync by program' : 'Add documents by program'}
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
            <DescriptionItem term={isConnected ? 'Last sync' : 'Last indexed'}>
              <RelativeTime value={source.sync?.finished_at ?? source.last_sync_at} />
            </DescriptionItem>
          </DescriptionList>
        </Card>
        <CodeBlock samples={isConnected ? syncingSamples(url) : addingSamples(url)} />
      </div>
    </Section>
  )
}

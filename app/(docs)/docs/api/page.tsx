import type { Metadata } from 'next'
import { z } from 'zod'
import { type Endpoint, endpoints } from '@/lib/core/endpoints'
import { resolvePolicy } from '@/lib/core/policy'
import { DEFAULT_PER_MINUTE } from '@/lib/core/rate-limits'
import { nodeEnv } from '@/lib/env/node'
import { Badge } from '../../../_ui/badge'
import { CodeBlock } from '../../../_ui/code-block'
import { CodeText } from '../../../_ui/code-text'
import { PageHeader } from '../../../_ui/page-header'
import { Prose } from '../../../_ui/prose'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../../_ui/table'
import { TextLink } from '../../../_ui/text-link'

export const metadata: Metadata = { title: 'API reference' }
export const dynamic = 'force-dynamic'

interface FieldSchema {
  type?: string
  default?: unknown
  maxLength?: number
  minimum?: number
  maximum?: number
  enum?: string[]
  items?: FieldSchema
  anyOf?: FieldSchema[]
}

interface Field {
  name: string
  kind: string
  note: string
}

function kindOf(schema: FieldSchema): string {
  return schema.type ?? schema.anyOf?.map(kindOf).join(' or ') ?? 'value'
}

function boundsOf(schema: FieldSchema): string {
  const words = schema.enum ?? schema.items?.enum
  if (words) return `${schema.items ? 'of' : 'one of'} ${words.join(', ')}`
  return schema.maxLength ? `at most ${schema.maxLength.toLocaleString('en')} characters` : ''
}

/** The members of an input, read from the schema that validates it. */
function fieldsOf(endpoint: Endpoint): Field[] {
  return [endpoint.params, endpoint.query, endpoint.body].flatMap((schema) => {
    if (!schema) return []
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input' })
    return Object.entries(properties as Record<string, FieldSchema>).map(([name, field]) => {
      const standard = field.default === undefined ? '' : `default ${JSON.stringify(field.default)}`
      const need = required.includes(name) ? 'required' : standard
      return { name, kind: kindOf(field), note: [need, boundsOf(field)].filter(Boolean).join(', ') }
    })
  })
}

function access(endpoint: Endpoint): { scope: string; limit: string } {
  const path = `/api/v1${endpoint.path.replaceAll(/\{\w+\}/g, 'x')}`
  const resolution = resolvePolicy(endpoint.method.toUpperCase(), path)
  if (resolution.kind !== 'row' || !resolution.row.bucket) return { scope: 'none', limit: '' }
  const { scope, bucket } = resolution.row
  return {
    scope: scope === 'any' ? 'any scope' : `scope ${scope}`,
    limit: `${DEFAULT_PER_MINUTE[bucket]} / min`,
  }
}

/** The variable of a shell that holds an object's id, by the first segment of its path. */
const ID_VARIABLES: Readonly<Record<string, string>> = {
  agents: '$AGENT_ID',
  'data-sources': '$DATA_SOURCE_ID',
  'api-keys': '$KEY_ID',
  'external-keys': '$EXTERNAL_KEY_ID',
  interactions: '$INTERACTION_ID',
}

function opening({ method, path }: Endpoint, appUrl: string): string[] {
  const id = ID_VARIABLES[path.split('/')[1] ?? ''] ?? '$ID'
  const filled = path.replace('{id}', id).replace('{document_id}', '$DOCUMENT_ID')
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`
  return [`curl ${appUrl}/api/v1${filled}${verb}`, '-H "Authorization: Bearer $TWIG_API_KEY"']
}

/** A document as a file; curl writes the form and its Content-Type. */
function uploadCurl(endpoint: Endpoint, appUrl: string): string {
  return [...opening(endpoint, appUrl), '-F file=@handbook.pdf', '-F title=Handbook'].join(' \\\n  ')
}

/** The same call, its answer as it is written. */
function streamCurl(endpoint: Endpoint, appUrl: string): string {
  const { sample } = endpoint
  return curl({ ...endpoint, ...(sample && { sample: { ...sample, stream: true } }) }, appUrl).replace(
    'curl ',
    'curl -N ',
  )
}

function samplesOf(name: string, endpoint: Endpoint, appUrl: string) {
  const samples = [{ label: `curl: ${name}`, code: curl(endpoint, appUrl) }]
  if (endpoint.upload) samples.push({ label: 'a file', code: uploadCurl(endpoint, appUrl) })
  if (endpoint.streams) samples.push({ label: 'as a stream', code: streamCurl(endpoint, appUrl) })
  return samples
}

/** From nothing to an answered question; needs a key that may read, write and execute. */
function firstQuestion(appUrl: string): string {
  return `export TWIG_API_KEY=twigsk_live_…
twig() { curl -sS "${appUrl}/api/v1$1" -H "Authorization: Bearer $TWIG_API_KEY" -H "Content-Type: application/json" -d "$2"; }

twig /data-sources '{"name": "Handbook"}'          # the answer's id is a ds_…
export DATA_SOURCE_ID=ds_…
twig "/data-sources/$DATA_SOURCE_ID/documents" '{"title": "Returns", "text": "Products can be returned within 30 days."}'
twig /agents '{"name": "Support", "data_source_ids": ["'$DATA_SOURCE_ID'"]}'   # an agent_…
export AGENT_ID=agent_…
twig /query '{"agent_id": "'$AGENT_ID'", "query": "How long can a product be returned?"}'`
}

function curl(endpoint: Endpoint, appUrl: string): string {
  const lines = opening(endpoint, appUrl)
  if (endpoint.sample) {
    lines.push('-H "Content-Type: application/json"', `-d '${JSON.stringify(endpoint.sample)}'`)
  }
  return lines.join(' \\\n  ')
}

export default function ReferencePage() {
  const { appUrl } = nodeEnv()
  return (
    <>
      <PageHeader
        title="API reference"
        description={
          <>
            JSON in and out. Live keys work with <code>/api/v1</code>, Test keys with{' '}
            <code>/api/test/v1</code>; their data is apart. As OpenAPI:{' '}
            <a href="/api/v1/openapi.json" className="underline underline-offset-4">
              openapi.json
            </a>
            .
          </>
        }
      />
      <Prose>
        <p>
          Send <code>Authorization: Bearer twigsk_…</code> with every request. Answers carry{' '}
          <code>X-Request-Id</code> and the state of the bucket they were charged to:{' '}
          <code>X-RateLimit-Limit</code>, <code>X-RateLimit-Remaining</code> and{' '}
          <code>X-RateLimit-Reset</code> in Unix seconds. Beyond the limit the answer is 429 with{' '}
          <code>Retry-After</code>; waiting exactly that long always succeeds. A POST with an{' '}
          <code>Idempotency-Key</code> is done once, and answered the same again for 24 hours.{' '}
          <TextLink href="/docs/errors">Errors</TextLink> all have one shape.
        </p>
        <p>
          To have a first question answered, generate a key with the scopes Read, Write and Execute in
          Settings → API Keys, and send these. Without a model provider the answer quotes the sources, and its{' '}
          <code>notice</code> says what to configure. A document is found a moment after it was added: its{' '}
          <code>status</code> is then <code>ready</code>.
        </p>
      </Prose>
      <div className="mt-6">
        <CodeBlock samples={[{ label: 'A first question', code: firstQuestion(appUrl) }]} />
      </div>
      <Prose>
        <p>
          With <code>stream: true</code> an answer comes as server-sent events: <code>delta</code> with a
          piece of <code>text</code>, again and again, then <code>done</code> with the whole answer, or{' '}
          <code>error</code> with the error object. Lines that begin with a colon only keep the connection
          open. What is refused before the first event is answered as JSON with its status.{' '}
          <code>X-Twig-Billed-To</code> says whose model key the answer costs.
        </p>
      </Prose>
      {Object.entries<Endpoint>(endpoints).map(([name, endpoint]) => {
        const fields = fieldsOf(endpoint)
        const { scope, limit } = access(endpoint)
        return (
          <section key={name} id={name} aria-labelledby={`${name}-title`} className="mt-12 scroll-mt-20">
            <h2
              id={`${name}-title`}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 font-semibold text-lg"
            >
              <code className="wrap-anywhere">
                {endpoint.method.toUpperCase()} {endpoint.path}
              </code>
              <Badge>{scope}</Badge>
              {limit && <Badge variant="outline">{limit}</Badge>}
            </h2>
            <Prose className="mt-1 mb-4 text-base text-muted">
              <CodeText text={endpoint.summary} />
            </Prose>
            <div className="grid gap-4">
              {fields.length > 0 && (
                <Table caption={`Input of ${name}`}>
                  <TableHead>
                    <HeaderCell>Field</HeaderCell>
                    <HeaderCell>Type</HeaderCell>
                    <HeaderCell>Bounds</HeaderCell>
                  </TableHead>
                  <TableBody>
                    {fields.map((field) => (
                      <TableRow key={field.name}>
                        <RowHeader>
                          <code>{field.name}</code>
                        </RowHeader>
                        <TableCell label="Type">{field.kind}</TableCell>
                        <TableCell label="Bounds">{field.note || '—'}</TableCell>
                      </TableRow>
                    ))}
                  </TableBody>
                </Table>
              )}
              <CodeBlock samples={samplesOf(name, endpoint, appUrl)} subject={name} />
            </div>
          </section>
        )
      })}
    </>
  )
}

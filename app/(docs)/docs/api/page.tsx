import type { Metadata } from 'next'
import { z } from 'zod'
import { type Endpoint, endpoints } from '@/lib/core/endpoints'
import { resolvePolicy } from '@/lib/core/policy'
import { DEFAULT_PER_MINUTE } from '@/lib/core/rate-limits'
import { nodeEnv } from '@/lib/env/node'
import { Badge } from '../../../_ui/badge'
import { CodeBlock } from '../../../_ui/code-block'
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

function curl(endpoint: Endpoint, appUrl: string): string {
  const id = endpoint.path.startsWith('/api-keys') ? '$KEY_ID' : '$AGENT_ID'
  const lines = [`curl ${appUrl}/api/v1${endpoint.path.replace('{id}', id)}`]
  if (endpoint.method !== 'get') lines[0] += ` -X ${endpoint.method.toUpperCase()}`
  lines.push('-H "Authorization: Bearer $TWIG_API_KEY"')
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
            <p className="mt-1 mb-4 text-muted">{endpoint.summary}</p>
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
              <CodeBlock samples={[{ label: `curl: ${name}`, code: curl(endpoint, appUrl) }]} />
            </div>
          </section>
        )
      })}
    </>
  )
}

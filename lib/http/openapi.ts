import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi'
import { type Endpoint, endpoints } from '../core/endpoints'
import { resolvePolicy } from '../core/policy'
import { ErrorAnswer } from '../core/schemas'
import { nodeEnv } from '../env/node'

const failure = (description: string) => ({
  description,
  content: { 'application/json': { schema: ErrorAnswer } },
})

/** What the policy asks of an operation, in words. */
function access(endpoint: Endpoint): string {
  const resolution = resolvePolicy(
    endpoint.method.toUpperCase(),
    `/api/v1${endpoint.path.replaceAll(/\{\w+\}/g, 'x')}`,
  )
  if (resolution.kind !== 'row' || resolution.row.audience !== 'key') return ''
  const { scope, bucket } = resolution.row
  return `Scope: ${scope === 'any' ? 'any key' : scope}. Charged to the ${bucket} bucket.`
}

/** What may go wrong besides, by what the operation takes and whom it asks. */
function furtherFailures(endpoint: Endpoint) {
  const { method, body, upload, streams, asksProvider } = endpoint
  const isCreating = method === 'post'
  return {
    ...(method === 'get'
      ? {}
      : {
          '409': failure(
            isCreating
              ? 'The Idempotency-Key was used with another body, or what is asked for does not go with what is there.'
              : 'What is asked for does not go with what is there.',
          ),
        }),
    ...(body
      ? {
          '413': failure(upload ? 'The document is larger than 10 MiB.' : 'The body is larger than 1 MiB.'),
          '415': failure('The body, or the file in it, is not of a kind that Twig reads.'),
        }
      : {}),
    ...(streams || asksProvider
      ? { '502': failure('The model provider refused the organization’s key, or failed.') }
      : {}),
    ...(streams ? { '504': failure('The model provider could not be reached, or was too slow.') } : {}),
  }
}

const headerOfText = (description: string) => ({ description, schema: { type: 'string' as const } })

function operation(name: string, endpoint: Endpoint) {
  const parameters = endpoint.method === 'post' ? ['Idempotency-Key'] : []
  return {
    operationId: name,
    summary: endpoint.summary,
    description: access(endpoint),
    requestParams: {
      ...(endpoint.params ? { path: endpoint.params } : {}),
      ...(endpoint.query ? { query: endpoint.query } : {}),
    },
    parameters: parameters.map((header) => ({
      name: header,
      in: 'header' as const,
      schema: { type: 'string' as const, maxLength: 255 },
      description: 'The same key and body within 24 hours gives the first answer again.',
    })),
    ...(endpoint.body
      ? {
          requestBody: {
            content: {
              'application/json': { schema: endpoint.body },
              ...(endpoint.upload ? { 'multipart/form-data': { schema: endpoint.upload } } : {}),
            },
          },
        }
      : {}),
    responses: {
      [String(endpoint.status)]: {
        description: 'Done.',
        content: {
          ...(endpoint.file
            ? Object.fromEntries(endpoint.file.map((type) => [type, { schema: { type: 'string' as const } }]))
            : { 'application/json': { schema: endpoint.output } }),
          ...(endpoint.streams ? { 'text/event-stream': { schema: { type: 'string' as const } } } : {}),
          ...(endpoint.csv ? { 'text/csv': { schema: { type: 'string' as const } } } : {}),
        },
        ...(endpoint.streams
          ? {
              headers: {
                'X-Twig-Billed-To': headerOfText(
                  'Whose model key the answer costs: `organization` or `twig`.',
                ),
              },
            }
          : {}),
      },
      '400': failure('The request is invalid; `fields` says where.'),
      '401': failure('The key is missing, malformed, unknown, deleted or of the other environment.'),
      '403': failure('The key lacks the scope.'),
      '404': failure('There is no such object here.'),
      ...furtherFailures(endpoint),
      '429': failure('The bucket is empty; `Retry-After` says how long.'),
      '503': failure('A dependency does not answer; try again after `Retry-After`.'),
    },
  }
}

/** The OpenAPI 3.1 document, made from the schemas that validate. */
export function openApiDocument(appUrl: string) {
  const paths: ZodOpenApiPathsObject = {}
  for (const [name, endpoint] of Object.entries<Endpoint>(endpoints)) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method]: operation(name, endpoint) }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Twig API',
      version: '1',
      description: 'Send `Authorization: Bearer twigsk_…` with every request.',
    },
    servers: [
      { url: `${appUrl}/api/v1`, description: 'Production: Live keys' },
      { url: `${appUrl}/api/test/v1`, description: 'Test: Test keys' },
    ],
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    paths,
  })
}

/** Serves the document; it needs no key. */
export function openApiRoute(): Response {
  return Response.json(openApiDocument(nodeEnv().appUrl))
}

// Twig's own answer to the same request, made without asking anybody.
const body: unknown = JSON.parse(process.env.BENCH_BODY ?? '{}')

export const dynamic = 'force-dynamic'

export function GET(): Response {
  return Response.json(body)
}

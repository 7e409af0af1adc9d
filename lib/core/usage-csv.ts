import { csvText } from './csv'
import type { UsageReport } from './key-schemas'

/** A report's table by endpoint as CSV (RFC 4180) with a header line; latencies in milliseconds, empty when unknown. */
export function usageCsv({ endpoints }: UsageReport): string {
  const header = ['method', 'endpoint', 'status', 'code', 'requests', 'p50_ms', 'p95_ms', 'p99_ms']
  const rows = endpoints.map(({ method, endpoint, status, code, requests, latency_ms: latency }) => [
    method,
    endpoint,
    status,
    code,
    requests,
    latency?.p50 ?? null,
    latency?.p95 ?? null,
    latency?.p99 ?? null,
  ])
  return csvText([header, ...rows])
}

import type { UsageReport } from './key-schemas'

/** What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection). */
const FORMULA = /^[=+\-@\t\r\n]/

/** One cell (RFC 4180 section 2). A text that a spreadsheet would run is shown with an apostrophe in front. */
function cell(value: string | number | null): string {
  if (typeof value === 'number') return String(value)
  const text = value ?? ''
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

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
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

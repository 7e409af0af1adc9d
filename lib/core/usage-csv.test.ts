import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UsageReport } from './key-schemas'
import { usageCsv } from './usage-csv'

const row: UsageReport['endpoints'][number] = {
  method: 'GET',
  endpoint: '/agents/{id}',
  status: 200,
  code: null,
  requests: 12,
  latency_ms: { p50: 1.5, p95: 20, p99: 3600000 },
}
const csvOf = (...endpoints: UsageReport['endpoints']) => usageCsv({ endpoints } as UsageReport)
const HEADER = 'method,endpoint,status,code,requests,p50_ms,p95_ms,p99_ms\r\n'

/** Reads RFC 4180, as strictly as it is written there. */
function readCsv(text: string): string[][] {
  const rows: string[][] = []
  let rest = text
  let cells: string[] = []
  while (rest !== '') {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest)
    if (!match) throw new Error(`not CSV: ${JSON.stringify(rest)}`)
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\r\n') {
      rows.push(cells)
      cells = []
    }
    rest = rest.slice(match[0].length)
  }
  return rows
}

test('a header, a line for each row, CRLF at the end of each; nothing where nothing is known', () => {
  const csv = csvOf(row, { ...row, status: 404, code: 'not_found', latency_ms: null })
  expect(csv).toBe(
    `${HEADER}GET,/agents/{id},200,,12,1.5,20,3600000\r\nGET,/agents/{id},404,not_found,12,,,\r\n`,
  )
  expect(csvOf()).toBe(HEADER)
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＠SUM'])(
  'a spreadsheet shows %j and does not run it',
  (text) => {
    const [, cells] = readCsv(csvOf({ ...row, endpoint: text }))
    expect(cells?.[1]).toBe(`'${text}`)
  },
)

test('commas, quotes and line breaks stay within their cell', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', '😀') }), (text) => {
      const rows = readCsv(csvOf({ ...row, endpoint: text, code: text }, row))
      expect(rows).toHaveLength(3)
      expect(rows.every((cells) => cells.length === 8)).toBe(true)
      expect(rows[1]?.[1]?.replace(/^'(?=[=\r\n])/, '')).toBe(text)
    }),
  )
})

/** A Markdown table; the columns of numbers are aligned to the right. A bar in a cell is shown as one. */
export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numeric: readonly boolean[],
): string {
  const all = [headings, ...rows].map((row) => headings.map((_, column) => escapeCell(row[column] ?? '')))
  const widths = headings.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const text = all.map((row) =>
    line(
      row.map((cell, at) => (numeric[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))),
    ),
  )
  const rule = line(
    widths.map((width, at) => (numeric[at] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))),
  )
  return [text[0], rule, ...text.slice(1)].join('\n')
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim()
}

/** A number for people: whole with commas from 100 on, else three digits that count, and never 0 for what is not. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  if (Math.abs(value) < 0.01) return value.toPrecision(1)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

import { Parser } from 'htmlparser2'
import { DocumentProblem, TextCollector } from './document-problem'
import { decodeText, readable } from './document-text'

const SKIPPED = new Set(['script', 'style', 'nav', 'noscript', 'template', 'svg', 'math', 'iframe', 'object'])
SKIPPED.add('select').add('textarea')
const PARAGRAPHS = new Set([
  ...['p', 'div', 'section', 'article', 'main', 'header', 'footer', 'aside', 'table', 'ul', 'ol', 'dl'],
  ...['blockquote', 'pre', 'figure', 'figcaption', 'form', 'fieldset', 'details', 'summary', 'address', 'hr'],
])
const LINES = new Set(['br', 'tr', 'li', 'dt', 'dd', 'option', 'caption'])
const CELLS = new Set(['td', 'th'])
const HEADING = /^h([1-6])$/
/** Deeper than any document that people wrote. */
const DEPTH_MAX = 2_000

/** What a page says, without its scripts, styles and navigation; headings as in Markdown. Throws DocumentProblem. */
export function readHtml(bytes: Uint8Array): string {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 2_048))
  const declared = /<meta[^>]+charset\s*=\s*["']?([\w-]{2,40})/i.exec(head)?.[1]
  const text = new TextCollector()
  let depth = 0
  let skippedDepth = 0
  let pre = 0
  let cells = 0
  const parser = new Parser(
    {
      onopentagname(name) {
        depth += 1
        if (depth > DEPTH_MAX) throw new DocumentProblem('its elements are nested too deeply')
        if (skippedDepth > 0 || SKIPPED.has(name)) {
          skippedDepth += 1
          return
        }
        const level = name === 'title' ? 1 : Number(HEADING.exec(name)?.[1] ?? 0)
        if (level > 0) text.add(`\n\n${'#'.repeat(level)} `)
        else if (PARAGRAPHS.has(name)) text.add('\n\n')
        else if (name === 'li') text.add('\n- ')
        else if (LINES.has(name)) text.add('\n')
        if (name === 'tr') cells = 0
        if (CELLS.has(name) && cells++ > 0) text.add(' | ')
        if (name === 'pre') pre += 1
      },
      ontext(data) {
        if (skippedDepth === 0) text.add(pre > 0 ? data : data.replaceAll(/\s+/g, ' '))
      },
      onclosetag(name) {
        depth -= 1
        if (skippedDepth > 0) {
          skippedDepth -= 1
          return
        }
        if (name === 'title' || HEADING.test(name) || PARAGRAPHS.has(name)) text.add('\n\n')
        if (name === 'pre') pre -= 1
      },
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  parser.end(decodeText(bytes, declared))
  return readable(text.toString())
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

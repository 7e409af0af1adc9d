import { describe, expect, test } from 'vitest'
import { readDocument } from './document-parsers'
import { readCsv } from './document-parsers-csv'
import { readHtml } from './document-parsers-html'
import { readPdf } from './document-parsers-pdf'
import { DocumentProblem } from './document-problem'
import { languageOf } from './document-reading'
import { decodeText } from './document-text'
import { boastfulPageTree, encryptedPdf, endlessPageTree, pdfOfPages, scannedPdf } from './testing/pdf-files'

const bytes = (text: string, encoding: BufferEncoding = 'utf8') => new Uint8Array(Buffer.from(text, encoding))
const problem = (reason: RegExp | string) =>
  expect.objectContaining({ message: expect.stringMatching(reason) })

describe('characters', () => {
  test.each([
    ['UTF-8', bytes('Größe €')],
    ['UTF-8 with a mark', bytes('\ufeffGröße €')],
    ['UTF-16', bytes('\ufeffGröße €', 'utf16le')],
    ['UTF-16, the other way round', new Uint8Array(Buffer.from('\ufeffGröße €', 'utf16le').swap16())],
    ['Windows-1252', new Uint8Array([0x47, 0x72, 0xf6, 0xdf, 0x65, 0x20, 0x80])],
  ])('of %s are read', (_name, input) => {
    expect(decodeText(input)).toBe('Größe €')
  })

  test('that Postgres cannot hold, or nobody reads, are taken out', () => {
    expect(decodeText(bytes('a\0b\x07c\td\ne'))).toBe('a b c\td\ne')
  })
})

describe('HTML', () => {
  test('gives its text with headings, lists and tables, without scripts, styles and navigation', () => {
    const page = `<html><head><title>Shop</title><style>p{}</style></head><body><nav><a>Home</a></nav>
      <h1>Returns &amp; refunds</h1><p>Within <b>30</b>
      days.</p><script>alert("no")</script><ul><li>Oak<li>Elm</ul>
      <table><tr><th>Tree<th>Price<tr><td>Oak<td>5</table><pre>a  b</pre><noscript>Turn it on</noscript></body></html>`
    expect(readHtml(bytes(page))).toBe(
      '# Shop\n\n# Returns & refunds\n\nWithin 30 days.\n\n- Oak\n- Elm\n\nTree | Price\nOak | 5\n\na b',
    )
  })

  test('in the encoding that it names', () => {
    const page = Buffer.concat([Buffer.from('<meta charset="iso-8859-2"><p>'), Buffer.from([0xb1, 0xe6])])
    expect(readHtml(new Uint8Array(page))).toBe('ąć')
    expect(readHtml(bytes('<meta charset="no-such-thing"><p>Gr\xf6\xdfe', 'latin1'))).toBe('Größe')
  })

  test('nested without end, or with more text than is read, is refused', () => {
    expect(() => readHtml(bytes('<div>'.repeat(50_000)))).toThrow(problem('nested too deeply'))
    expect(() => readHtml(bytes(`<p>${'word '.repeat(2_500_000)}`))).toThrow(problem('million characters'))
  })
})

describe('CSV', () => {
  test.each([
    ['Name,City\nAnna,"Wien, 1."\nBob,\n', 'Name: Anna\nCity: Wien, 1.\n\nName: Bob'],
    ['\ufeffName;City\r\nAnna;Wien\r\n', 'Name: Anna\nCity: Wien'],
    ['Name\tCity\nAnna\tWien\textra\n', 'Name: Anna\nCity: Wien\nColumn 3: extra'],
    ['Name,City', 'Name\nCity'],
    [',City\nAnna,Wien', 'Column 1: Anna\nCity: Wien'],
  ])('%j is read row by row with its headers', (table, text) => {
    expect(readCsv(bytes(table))).toBe(text)
  })

  test('that is none, or wider or longer than is read, is refused', () => {
    expect(() => readCsv(bytes(`${'a,'.repeat(2_000)}\n1`))).toThrow(problem('more than 1000 columns'))
    const long = `${'A rather long header for so little'},b\n${'1,2\n'.repeat(400_000)}`
    expect(() => readCsv(bytes(long))).toThrow(problem('million characters'))
  })
})

describe('PDF', () => {
  test('gives the text of its pages, with lines and divided words put together', async () => {
    const file = pdfOfPages([
      ['The first line', 'and infor-', 'mation in parts.'],
      ['Second page (with signs \\).'],
    ])
    const { text, pageCount } = await readPdf(file)
    expect(pageCount).toBe(2)
    expect(text).toBe('The first line\nand information in parts.\n\nSecond page (with signs \\).\n\n')
  })

  test.each([
    ['encrypted', encryptedPdf(), 'encrypted'],
    ['of pictures alone', scannedPdf(), 'no text'],
    ['cut off', pdfOfPages([['Whole']]).subarray(0, 250), 'damaged'],
    ['only called so', bytes('%PDF-1.7 and nothing else'), 'damaged'],
    ['whose pages go round in a circle', endlessPageTree(), 'damaged|no text'],
    ['that boasts of a thousand million pages', boastfulPageTree(), 'pages|no text|damaged'],
    ['of more pages than are read', pdfOfPages(Array.from({ length: 2_001 }, () => ['x'])), '2000 pages'],
  ])('%s says so', async (_name, file, reason) => {
    await expect(readPdf(new Uint8Array(file))).rejects.toThrow(problem(reason))
    await expect(readPdf(new Uint8Array(file))).rejects.toBeInstanceOf(DocumentProblem)
  })

  test('keeps the bytes that it was given', async () => {
    const file = pdfOfPages([['Read me twice, please.']])
    await readPdf(file)
    expect((await readPdf(file)).text).toContain('Read me twice')
  })
})

describe('any document', () => {
  test('is cut into passages and its language told', async () => {
    const text = 'Die Öffnungszeiten sind von neun bis fünf Uhr, am Wochenende ist geschlossen.'
    const original = { bytes: bytes(text), mediaType: 'text/plain' } as const
    expect(await readDocument(original)).toEqual({ passages: [text], language: 'de', pageCount: null })
    expect(languageOf('12 34')).toBe('')
  })

  test('without text, or of another kind than was said, is refused', async () => {
    const empty = { bytes: bytes(' \n '), mediaType: 'text/plain' } as const
    await expect(readDocument(empty)).rejects.toThrow(problem('holds no text'))
    const image = { bytes: bytes('\x89PNG\r\n', 'latin1'), mediaType: 'text/markdown' } as const
    await expect(readDocument(image)).rejects.toThrow(problem('PNG image'))
  })
})

import { constants, deflateRawSync, deflateSync } from 'node:zlib'

/** PDF files made by hand, honest and hostile ones. */

type PdfObject = string | { dictionary: string; stream: Uint8Array }

/** A file of the given objects, numbered from 1; the first is the catalogue. */
function pdfOf(objects: readonly PdfObject[], trailer = ''): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [Buffer.from('%PDF-1.7\n%âãÏÓ\n', 'latin1')]
  const offsets: number[] = []
  let length = parts[0]?.length ?? 0
  const push = (part: Buffer) => {
    parts.push(part)
    length += part.length
  }
  objects.forEach((object, index) => {
    offsets.push(length)
    push(Buffer.from(`${index + 1} 0 obj\n`))
    if (typeof object === 'string') push(Buffer.from(object, 'latin1'))
    else {
      push(Buffer.from(`<< ${object.dictionary} /Length ${object.stream.length} >>\nstream\n`))
      push(Buffer.from(object.stream))
      push(Buffer.from('\nendstream'))
    }
    push(Buffer.from('\nendobj\n'))
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const start = length
  push(Buffer.from(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`))
  push(Buffer.from(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\n`))
  push(Buffer.from(`startxref\n${start}\n%%EOF\n`))
  return Uint8Array.from(Buffer.concat(parts))
}

const FONT = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>'
const escaped = (text: string) => text.replaceAll(/[\\()]/g, '\\$&')

/** Pages of lines, each page compressed as usual. */
export function pdfOfPages(pages: readonly (readonly string[])[], trailer = ''): Uint8Array<ArrayBuffer> {
  const first = 4
  const kids = pages.map((_, index) => `${first + index * 2} 0 R`).join(' ')
  const contents = pages.flatMap((lines, index): PdfObject[] => {
    const text = lines.map((line) => `(${escaped(line)}) Tj T*`).join('\n')
    const stream = deflateSync(Buffer.from(`BT /F1 11 Tf 14 TL 50 780 Td\n${text}\nET`, 'latin1'))
    const page = `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${first + index * 2 + 1} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`
    return [page, { dictionary: '/Filter /FlateDecode', stream }]
  })
  const tree = `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`
  return pdfOf(['<< /Type /Catalog /Pages 2 0 R >>', tree, FONT, ...contents], trailer)
}

/** One page whose contents are these bytes through these filters. */
function pdfOfContents(filters: string, stream: Uint8Array): Uint8Array<ArrayBuffer> {
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    FONT,
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>',
    { dictionary: `/Filter ${filters}`, stream },
  ])
}

/** Some thousand million blanks in a few megabytes. */
export function flateBomb(gibibytes: number): Uint8Array<ArrayBuffer> {
  const options = { finishFlush: constants.Z_FULL_FLUSH, level: 9 }
  const block = deflateRawSync(Buffer.alloc(16 * 1024 * 1024, ' '), options)
  const blocks = Array.from({ length: gibibytes * 64 }, () => block)
  const stream = Buffer.concat([
    Buffer.from([0x78, 0x9c]),
    ...blocks,
    Buffer.from([0x03, 0x00]),
    Buffer.alloc(4),
  ])
  return pdfOfContents('/FlateDecode', stream)
}

/** The same squeezed once more, so that a few kilobytes are as much. */
export function nestedFlateBomb(gibibytes: number): Uint8Array<ArrayBuffer> {
  const options = { finishFlush: constants.Z_FULL_FLUSH, level: 9 }
  const block = deflateRawSync(Buffer.alloc(16 * 1024 * 1024, ' '), options)
  const inner = Buffer.concat([
    Buffer.from([0x78, 0x9c]),
    ...Array.from({ length: gibibytes * 64 }, () => block),
    Buffer.from([0x03, 0x00]),
    Buffer.alloc(4),
  ])
  return pdfOfContents('[/FlateDecode /FlateDecode]', deflateSync(inner))
}

/** A page that writes text without end: every operator makes some, and the contents call themselves. */
export function textBomb(): Uint8Array<ArrayBuffer> {
  const line = `(${'tree '.repeat(200)}) Tj T*\n`
  const contents = `BT /F1 11 Tf 14 TL 50 780 Td\n${line.repeat(60_000)}ET`
  return pdfOfContents('/FlateDecode', deflateSync(Buffer.from(contents)))
}

/** A tree of pages that is its own child. */
export function endlessPageTree(): Uint8Array<ArrayBuffer> {
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Count 1000 /Parent 2 0 R >>',
    '<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 500 /Parent 2 0 R >>',
  ])
}

/** It says that it has a thousand million pages. */
export function boastfulPageTree(): Uint8Array<ArrayBuffer> {
  return pdfOf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>',
  ])
}

/** It opens only with a password that nobody knows. */
export function encryptedPdf(): Uint8Array<ArrayBuffer> {
  const secret = (byte: string) => `<${byte.repeat(32)}>`
  const encrypt = `<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O ${secret('a1')} /U ${secret('b2')} >>`
  const page = [`Never to be read: plover quartz mandolin.`]
  return pdfOfPages([page], `/Encrypt ${encrypt} /ID [${secret('c3')} ${secret('c3')}]`)
}

/** Pages with pictures alone, as a scanner makes them. */
export function scannedPdf(): Uint8Array<ArrayBuffer> {
  return pdfOfPages([['1'], ['2'], ['3']])
}

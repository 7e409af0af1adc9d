import { utf16Of } from '../core/document-types'

/** Postgres cannot hold a NUL, JSON no half of a pair, and nobody reads the other control characters. */
export function readable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\t\n\r]/gu, ' ').replaceAll(/\p{Cs}/gu, '\ufffd')
}

/** What Windows-1252 has from 0x80 to 0x9f; some versions of Node.js leave these bytes as they are. */
const WINDOWS_1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'

function fromWindows1252(bytes: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(bytes)
  return text.replaceAll(/[\x80-\x9f]/g, (mark) => WINDOWS_1252[mark.charCodeAt(0) - 0x80] ?? mark)
}

function decoderFor(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label)
  } catch {
    return null
  }
}

/**
 * The characters of a file: UTF-16 where it is that, else UTF-8, else what the file says of itself, else Windows-1252,
 * which any bytes are.
 * @param declared a name of an encoding, as HTML may carry it
 */
export function decodeText(bytes: Uint8Array, declared?: string): string {
  const utf16 = utf16Of(bytes)
  if (utf16) return readable(new TextDecoder(utf16).decode(bytes))
  try {
    return readable(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    const decoder = declared ? decoderFor(declared) : null
    const isWestern = decoder === null || decoder.encoding === 'windows-1252'
    return readable(isWestern ? fromWindows1252(bytes) : decoder.decode(bytes))
  }
}

import { describe, expect, test } from 'vitest'
import { recogniseDocument, utf16Of } from './document-types'

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'))
const typeOf = (text: string, name = 'file', sent = '') => {
  const seen = recogniseDocument(bytes(text), name, sent)
  return 'type' in seen ? seen.type : seen.unreadable
}

describe('a file is known', () => {
  test.each([
    ['%PDF-1.7\n…', 'notes.txt', 'text/plain', 'application/pdf'],
    ['junk before\n%PDF-1.4\n', 'file', '', 'application/pdf'],
    ['A PDF begins with %PDF-1.7, they say.', 'about.md', '', 'text/markdown'],
    ['<!DOCTYPE html><p>x', 'file', 'application/octet-stream', 'text/html'],
    ['\xef\xbb\xbf\n<html lang="en">', 'file', '', 'text/html'],
    ['<!DOCTYPE html><p>x', 'page.md', '', 'text/markdown'],
    ['a,b\n1,2', 'table.CSV', 'application/octet-stream', 'text/csv'],
    ['a,b\n1,2', 'table', 'text/csv; charset=utf-8', 'text/csv'],
    ['# x', 'README.markdown', '', 'text/markdown'],
    ['words', 'file.unknown', 'application/octet-stream', 'text/plain'],
    ['', 'file', '', 'text/plain'],
  ])('by its content, then its name, then its type: %j as %s (%s) is %s', (text, name, sent, type) => {
    expect(typeOf(text, name, sent)).toBe(type)
  })

  test.each([
    ['PK\x03\x04word/document.xml', 'report.docx', 'it is a ZIP archive or an Office document'],
    ['PK\x03\x04', 'fake.txt', 'it is a ZIP archive or an Office document'],
    ['\x89PNG\r\n\x1a\n', 'a.md', 'it is a PNG image'],
    ['\xff\xd8\xff\xe0', 'a.txt', 'it is a JPEG image'],
    ['\x7fELF\x02', 'a', 'it is a program'],
    ['{\\rtf1', 'a.txt', 'it is an RTF document'],
    ['some\0bytes with a zero in them', 'a.txt', 'it is not text'],
    ['hello', 'a.pdf', 'it is called a PDF but is none, or it is damaged'],
  ])('as none that Twig reads: %j called %s, because %s', (text, name, why) => {
    expect(typeOf(text, name)).toBe(why)
  })
})

test('UTF-16 is known by its mark, or by where its zeros are', () => {
  const little = Buffer.from('Twelve letters and more', 'utf16le')
  const big = Buffer.from(little).swap16()
  expect(utf16Of(Buffer.from([0xff, 0xfe, 0x41, 0]))).toBe('utf-16le')
  expect(utf16Of(Buffer.from([0xfe, 0xff, 0, 0x41]))).toBe('utf-16be')
  expect(utf16Of(little)).toBe('utf-16le')
  expect(utf16Of(big)).toBe('utf-16be')
  expect(utf16Of(Buffer.from('Twelve letters and more'))).toBeNull()
  expect(utf16Of(Buffer.alloc(64))).toBeNull()
})

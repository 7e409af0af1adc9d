import { describe, expect, test } from 'vitest'
import { responseXml } from '../store/testing/saml-idp'
import { claims, judge, signedResponse } from '../store/testing/saml-world'
import { SAML_RESPONSE_MAX_BYTES } from './saml-response'
import { attributeOf, childElements, namespaceOf, readXml, textOf, XmlRefused } from './xml-document'

const bomb = `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, i) => `<!ENTITY b${i} "${`&${i === 0 ? 'a' : `b${i - 1}`};`.repeat(10)}">`).join('')}]><r>&b8;</r>`

describe('what is refused before anything is made of it', () => {
  const refused: [string, string][] = [
    ['a DTD', '<!DOCTYPE r><r/>'],
    ['an entity of its own', '<!DOCTYPE r [<!ENTITY x "eve">]><r>&x;</r>'],
    ['an external entity', '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>'],
    ['a parameter entity', '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><r/>'],
    ['a billion laughs', bomb],
    ['a DTD within', '<r><!DOCTYPE r></r>'],
    ['a comment', '<r>a<!---->b</r>'],
    ['a comment before the root', '<!-- a --><r/>'],
    ['a processing instruction', '<r>a<?x y?>b</r>'],
    ['a CDATA section', '<r><![CDATA[a]]></r>'],
    ['an entity that nobody defined', '<r>&nbsp;</r>'],
    ['a bare ampersand', '<r>& b</r>'],
    ['an entity with a space', '<r>&amp ;</r>'],
    ['a reference to no character', '<r>&#xZZ;</r>'],
    ['a reference in capitals', '<r>&#X41;</r>'],
    ['an entity in capitals', '<r>&LT;</r>'],
    ['a reference beyond Unicode', '<r>&#x110000;</r>'],
    ['a reference to NUL', '<r>&#0;</r>'],
    ['a reference to half a character', '<r>&#xD800;</r>'],
    ['NUL', '<r>\u0000</r>'],
    ['nothing', ''],
    ['text', 'hello'],
    ['an element without an end', '<r>'],
    ['an end without an element', '</r>'],
    ['elements that cross', '<r><a></r></a>'],
    ['an end of another prefix', '<p:r xmlns:p="u" xmlns:q="u"></q:r>'],
    ['the same attribute twice', '<r a="1" a="2"/>'],
    ['the same attribute under two prefixes', '<r xmlns:p="u" xmlns:q="u" p:a="1" q:a="2"/>'],
    ['the same namespace twice', '<r xmlns:p="u" xmlns:p="v"/>'],
    ['an attribute without quotes', '<r a=1/>'],
    ['an attribute without a value', '<r a/>'],
    ['a bracket in an attribute', '<r a="<"/>'],
    ['a prefix that is not declared', '<p:r/>'],
    ['a prefix of an attribute that is not declared', '<r p:a="1"/>'],
    ['a prefix declared empty', '<r xmlns:p=""/>'],
    ['the prefix xml for something else', '<r xmlns:xml="u"/>'],
    ['the namespace of xmlns', '<r xmlns:p="http://www.w3.org/2000/xmlns/"/>'],
    ['something after the root', '<r/><r/>'],
    ['text after the root', '<r/>x'],
    ['a declaration in the wrong place', '<r/><?xml version="1.0"?>'],
    ['another encoding', '<?xml version="1.0" encoding="utf-7"?><r/>'],
    ['XML 1.1', '<?xml version="1.1"?><r/>'],
    ['the end of a CDATA section', '<r>]]></r>'],
    ['a name that begins with a digit', '<r><1/></r>'],
    ['two colons in a name', '<a:b:c xmlns:a="u"/>'],
  ]
  test.each(refused)('%s', (_, xml) => {
    expect(() => readXml(xml)).toThrow(XmlRefused)
    expect(judge(xml).identity).toBeNull()
    expect(judge(xml).checks).toEqual([expect.objectContaining({ check: 'document', ok: false })])
  })

  test('a comment within a signed name, which would cut it for some readers', () => {
    const xml = signedResponse({ nameId: 'ada@acme.test.evil.example' })
    expect(judge(xml).identity?.email).toBe('ada@acme.test.evil.example')
    expect(judge(xml.replace('ada@acme.test', 'ada@acme.test<!---->')).checks).toHaveLength(1)
  })

  test('elements that are nested deeper than 32', () => {
    const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    expect(() => readXml(nested(32))).not.toThrow()
    expect(() => readXml(nested(33))).toThrow(/^its elements are nested too deep$/)
  })

  test('a refusal quotes nothing of the document', () => {
    expect(() => readXml('<secret>&secret;</secret>')).toThrow(/^it has an entity that is not defined$/)
  })
})

describe('what is read', () => {
  test('names, namespaces, attributes and text', () => {
    const root = readXml(
      '\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<p:a xmlns:p="u" xmlns="d" b="x&#10;y\tz"><c>1&lt;2\r\n</c></p:a> ',
    )
    expect(root).toMatchObject({ prefix: 'p', local: 'a', namespace: 'u' })
    expect(attributeOf(root, 'b')).toBe('x\ny z')
    const [c] = childElements(root)
    expect(c).toMatchObject({ local: 'c', namespace: 'd' })
    expect(c && textOf(c)).toBe('1<2\n')
    expect(namespaceOf('p', c ?? null)).toBe('u')
    expect(textOf(root)).toBeNull()
  })

  test('__proto__ is a name like any other', () => {
    expect(readXml('<a><__proto__><polluted>1</polluted></__proto__></a>').children).toHaveLength(1)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('comments, where they are dropped', () => {
    expect(textOf(readXml('<!-- x --><a>b<!-- - -->c</a>', { comments: 'drop' }))).toBe('bc')
    expect(() => readXml('<a><!-- -- --></a>', { comments: 'drop' })).toThrow(XmlRefused)
  })
})

describe('nothing of 256 kB takes 250 ms', () => {
  const fill = (text: string, around = 600) =>
    text.repeat(Math.floor((SAML_RESPONSE_MAX_BYTES - around) / text.length))
  const inside = (text: string) => responseXml(claims(), text)
  const namespaces = Array.from({ length: 60 }, (_, i) => `xmlns:n${i}="u"`).join(' ')
  const hostile: [string, string][] = [
    ['many elements', inside(fill('<a/>', 2000))],
    ['as many as are allowed, with an ID each', inside('<a ID="i"/>'.repeat(3900))],
    ['deep elements', '<a>'.repeat(80_000)],
    ['as deep as is allowed', '<a>'.repeat(64) + fill('x') + '</a>'.repeat(64)],
    ['many attributes', `<a ${Array.from({ length: 20_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`],
    ['spaces in a tag', `<a${fill(' ')}`],
    ['spaces before the root', fill(' ')],
    ['ampersands', `<a>${fill('&')}</a>`],
    ['references', `<a>${fill('&amp;')}</a>`],
    ['open brackets', fill('<')],
    ['quotes', `<a b="${fill('"')}`],
    ['an attribute that does not end', `<a b="${fill('x')}`],
    ['bracket signs in comments', `<a>${fill('<!-')}`],
    ['colons', `<${fill('a:')}/>`],
    ['namespaces', `<a ${namespaces}>${fill('<n1:b xmlns:z="u"/>', 4000).slice(0, 22 * 3900)}</a>`],
    [
      'a signed answer with namespaces in the way',
      signedResponse().replace(
        '<saml:Subject>',
        `<x ${namespaces}>${'<n1:b n2:c="1" n3:d="2"/>'.repeat(3900)}</x><saml:Subject>`,
      ),
    ],
    ['an answer with a long name', signedResponse({ nameId: fill('a', 6000) })],
    [
      'an answer with a long base64 value',
      signedResponse().replace(/<SignatureValue>/, `<SignatureValue>${fill('A', 6000)}`),
    ],
  ]
  test.each(hostile)('%s', (_, xml) => {
    // Time of the processor, not of the clock: other processes may be at work.
    const began = process.cpuUsage()
    expect(judge(xml).identity).toBeNull()
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(250)
  })
})

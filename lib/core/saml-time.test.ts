import { expect, test } from 'vitest'
import { assertionXml, responseXml, signXml } from '../store/testing/saml-idp'
import { claims, failures, idpKeys, judge } from '../store/testing/saml-world'
import { leastCpuMs } from '../testing/cpu-time'
import { SAML_RESPONSE_MAX_BYTES } from './saml-response'

/** What the event loop may be held up, at most; a busy machine keeps it with room to spare. */
const BUDGET_MS = 250
/** As long as a document can be that comes as base64. */
const LENGTH = Math.floor((SAML_RESPONSE_MAX_BYTES * 3) / 4)

const fill = (unit: (index: number) => string, head = '', tail = '') => {
  let text = head
  for (let index = 0; text.length < LENGTH - 200; index += 1) text += unit(index)
  return text + tail
}

const good = signXml(responseXml(claims()), { keys: idpKeys })
const inside = (text: string) => good.replace('</saml:Assertion>', `${text}</saml:Assertion>`)
const reference = /<Reference .*<\/Reference>/
const signature = /<Signature .*<\/Signature>/.exec(good)?.[0] ?? ''

/** Documents that cost naive readers seconds: each as long as is read at all. */
const hostile: [string, () => string][] = [
  ['nested as deep as it goes', () => fill(() => '<a>')],
  ['nested and closed', () => `${'<a>'.repeat(28_000)}${'</a>'.repeat(28_000)}`],
  ['20000 attributes', () => `<a${fill((index) => ` a${index}="x"`)}/>`],
  ['attributes of one name', () => `<a${fill(() => ' a="x"')}/>`],
  ['namespaces without end', () => `<a${fill((index) => ` xmlns:a${index}="u${index}"`)}/>`],
  ['namespaces at every level', () => fill((index) => `<a${index} xmlns:b${index}="u">`)],
  ['elements side by side', () => inside(fill(() => '<b/>'))],
  ['references of a signature', () => good.replace(reference, (found) => found.repeat(180))],
  ['signatures', () => good.replace(signature, signature.repeat(100))],
  ['assertions', () => responseXml(claims(), assertionXml(claims()).repeat(180))],
  ['entities', () => inside(`<b>${fill(() => '&amp;')}</b>`)],
  ['character references', () => inside(`<b>${fill(() => '&#65;')}</b>`)],
  ['ampersands', () => inside(`<b>${fill(() => '&')}</b>`)],
  ['an attribute without an end', () => `<a b="${fill(() => ' ')}`],
  ['white space in a tag', () => `<a${fill(() => ' ')}b`],
  ['white space in a base64', () => good.replace('<DigestValue>', `<DigestValue>${fill(() => ' ')}`)],
  ['a long name', () => `<${fill(() => 'a')}/>`],
  ['colons', () => `<${fill(() => 'a:')}/>`],
  ['opening brackets', () => fill(() => '<')],
  ['comments', () => fill(() => '<!---->')],
  ['a comment without an end', () => `<!--${fill(() => '-')}`],
  ['a long instant', () => signed({ notOnOrAfter: fill(() => '9') })],
  ['a long NameID', () => signed({ nameId: fill(() => 'a@') })],
  ['an address of dots', () => signed({ nameId: `a@${fill(() => 'a.')}` })],
  ['a NameID of white space', () => signed({ nameId: `a${fill(() => ' ')}b` })],
  [
    'prefixes',
    () =>
      good.replace(
        /<Transform Algorithm="http:\/\/www.w3.org\/2001\/10\/xml-exc-c14n#"\/>/,
        `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><InclusiveNamespaces xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="${fill(() => 'a ')}"/></Transform>`,
      ),
  ],
  [
    'attributes of the person',
    () =>
      signed({
        attributes: Object.fromEntries(
          Array.from({ length: 900 }, (_, index) => [`a${index}`, 'x'.repeat(100)]),
        ),
      }),
  ],
]

function signed(changes: Parameters<typeof claims>[0]): string {
  return signXml(responseXml(claims(changes)), { keys: idpKeys })
}

test.each(hostile)('%s: judged within a quarter of a second', async (_, write) => {
  const xml = write()
  expect(xml.length).toBeLessThan(SAML_RESPONSE_MAX_BYTES * 1.1)
  expect(await leastCpuMs(() => judge(xml))).toBeLessThan(BUDGET_MS)
})

test('entities that multiply are never read', async () => {
  const lines = [...'bcdefghij'].map((name, index) => {
    return `<!ENTITY ${name} "${`&${'abcdefghi'[index]};`.repeat(10)}">`
  })
  const judgeBomb = () => judge(`<!DOCTYPE r [<!ENTITY a "lol">${lines.join('')}]><r>&j;</r>`)
  expect(failures(judgeBomb())).toEqual(['document'])
  expect(await leastCpuMs(judgeBomb)).toBeLessThan(BUDGET_MS)
})

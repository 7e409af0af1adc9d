import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judgeAddress, judgeUrl, outboundSentence, parseRanges } from './outbound-address'
import { hostileAnswers, hostileUrls } from './testing/hostile-urls'

const none = parseRanges([])

describe('a URL is judged before any name is looked up', () => {
  /** Names say nothing by themselves; their https form is for the resolver to refuse. */
  const isName = (text: string) =>
    text.startsWith('https://') &&
    URL.canParse(text) &&
    new URL(text).hostname.replace(/\.$/, '') in hostileAnswers

  test('the list is the whole of it', () => {
    expect(hostileUrls.length).toBeGreaterThan(150)
    expect(hostileUrls.filter(isName)).toHaveLength(6)
  })

  test.each(hostileUrls.filter((text) => !isName(text)))('%s is refused', (text) => {
    expect(judgeUrl(text, none)).toMatchObject({ ok: false, reason: expect.any(String) })
  })

  test.each([
    'https://api.openai.com/v1',
    'https://1.1.1.1.nip.io/',
    'https://models.example.com:8443/v1',
    'https://models.example.com:11434/v1',
    'https://93.184.216.34/v1',
    'https://[2606:2800:220:1:248:1893:25c8:1946]/v1',
  ])('%s is not', (text) => {
    expect(judgeUrl(text, none)).toEqual({ ok: true, url: new URL(text) })
  })

  test('the reason is the first that stands in the way', () => {
    const reason = (text: string) => {
      const verdict = judgeUrl(text, none)
      return verdict.ok ? 'ok' : verdict.reason
    }
    expect(reason('nonsense')).toBe('not_a_url')
    expect(reason('http://api.openai.com/v1')).toBe('scheme')
    expect(reason('https://me@api.openai.com/v1')).toBe('credentials')
    expect(reason('https://:secret@api.openai.com/v1')).toBe('credentials')
    expect(reason('https://api.openai.com:22/v1')).toBe('port')
    expect(reason('https://10.0.0.1/v1')).toBe('address')
    expect(outboundSentence('address')).toContain('private')
  })

  test('http is for addresses that the operator opened; a name may turn out to be one', () => {
    const allowed = parseRanges(['10.0.0.0/8', 'fd00::/8'])
    expect(judgeUrl('http://10.1.2.3:11434/v1', allowed)).toMatchObject({ ok: true })
    expect(judgeUrl('http://[fd00::1]:11434/v1', allowed)).toMatchObject({ ok: true })
    expect(judgeUrl('http://models.internal/v1', allowed)).toMatchObject({ ok: true })
    expect(judgeUrl('http://93.184.216.34/v1', allowed)).toMatchObject({ ok: false, reason: 'scheme' })
    expect(judgeUrl('http://192.168.0.1/v1', allowed)).toMatchObject({ ok: false, reason: 'address' })
  })
})

describe('an address', () => {
  test.each([
    ['1.1.1.1', 'public'],
    ['9.255.255.255', 'public'],
    ['10.0.0.0', 'refused'],
    ['10.255.255.255', 'refused'],
    ['11.0.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['100.64.0.0', 'refused'],
    ['100.127.255.255', 'refused'],
    ['100.128.0.0', 'public'],
    ['168.63.129.15', 'public'],
    ['168.63.129.16', 'refused'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['192.0.0.255', 'refused'],
    ['192.0.1.0', 'public'],
    ['198.17.255.255', 'public'],
    ['198.19.255.255', 'refused'],
    ['198.20.0.0', 'public'],
    ['223.255.255.255', 'public'],
    ['224.0.0.0', 'refused'],
    ['1fff:ffff::1', 'refused'],
    ['2001:1ff:ffff::1', 'refused'],
    ['2001:200::1', 'public'],
    ['2003::1', 'public'],
    ['2606:4700:4700::1111', 'public'],
    ['3ffe:ffff::1', 'public'],
    ['4000::', 'refused'],
    ['::ffff:1.1.1.1', 'refused'],
    ['64:ff9b::101:101', 'refused'],
    ['0177.0.0.1', 'refused'],
    ['1.1.1.1%eth0', 'refused'],
    ['2606:4700::1%eth0', 'refused'],
    ['1.1.1', 'refused'],
    ['', 'refused'],
  ])('%s is %s', (address, verdict) => {
    expect(judgeAddress(address, none)).toBe(verdict)
  })

  test('is allowed within the operator’s ranges of its own kind, and nowhere else', () => {
    const allowed = parseRanges(['127.0.0.0/8', 'fd00::/8'])
    expect(judgeAddress('127.0.0.1', allowed)).toBe('allowed')
    expect(judgeAddress('fd12::1', allowed)).toBe('allowed')
    expect(judgeAddress('10.0.0.1', allowed)).toBe('refused')
    expect(judgeAddress('::1', allowed)).toBe('refused')
    expect(judgeAddress('::ffff:127.0.0.1', allowed)).toBe('refused')
  })

  test('of v4 behind any v6 prefix that carries one is never public', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.constantFrom('::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'),
        (v4, prefix) => {
          expect(judgeAddress(prefix + v4, none)).toBe('refused')
        },
      ),
    )
  })

  test('any text at all is judged without throwing', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(['public', 'refused']).toContain(judgeAddress(text, none))
        expect(typeof judgeUrl(text, none).ok).toBe('boolean')
      }),
    )
  })
})

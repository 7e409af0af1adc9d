/** What is wrong with a header, the header with words in the place of parts of a good Live key, and the code it is told. */
export const MALFORMED: ReadonlyArray<readonly [what: string, header: string | undefined, code: string]> = [
  ['no header', undefined, 'missing_authorization'],
  ['an empty header', '', 'missing_authorization'],
  ['the scheme alone', 'Bearer', 'missing_authorization'],
  ['the key alone', 'KEY', 'missing_bearer_prefix'],
  ['Basic', 'Basic dHdpZzp0d2ln', 'missing_bearer_prefix'],
  ['Token', 'Token KEY', 'missing_bearer_prefix'],
  ['a colon for the space', 'Bearer:KEY', 'missing_bearer_prefix'],
  ['no space', 'BearerKEY', 'missing_bearer_prefix'],
  ['two spaces', 'Bearer  KEY', 'whitespace_in_key'],
  ['a tab', 'Bearer\tKEY', 'whitespace_in_key'],
  ['a space inside', 'Bearer HALF HALF', 'whitespace_in_key'],
  ['two keys', 'Bearer KEY, Bearer KEY', 'whitespace_in_key'],
  ['two keys without space', 'Bearer KEY,KEY', 'invalid_key_format'],
  ['double quotes', 'Bearer "KEY"', 'invalid_key_format'],
  ['single quotes', "Bearer 'KEY'", 'invalid_key_format'],
  ['angle brackets', 'Bearer <KEY>', 'invalid_key_format'],
  ['a variable not filled in', 'Bearer $TWIG_API_KEY', 'invalid_key_format'],
  ['null', 'Bearer null', 'invalid_key_format'],
  ['undefined', 'Bearer undefined', 'invalid_key_format'],
  ['an object', 'Bearer [object', 'invalid_key_format'],
  ['the prefix alone', 'Bearer twigsk_live_', 'invalid_key_format'],
  ['another product', 'Bearer sk_live_0123456789abcdef0123456789abcdef', 'invalid_key_format'],
  ['an unknown environment', 'Bearer twigsk_prod_REST', 'invalid_key_format'],
  ['capitals in the prefix', 'Bearer TWIGSK_LIVE_REST', 'invalid_key_format'],
  ['a dash in the prefix', 'Bearer twigsk-live-REST', 'invalid_key_format'],
  ['one character short', 'Bearer SHORT', 'invalid_key_format'],
  ['one character long', 'Bearer KEYx', 'invalid_key_format'],
  ['percent-encoding', 'Bearer twigsk%5Flive%5FREST', 'invalid_key_format'],
  ['a session token', 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl', 'invalid_key_format'],
  ['a trailing full stop', 'Bearer KEY.', 'invalid_key_format'],
  ['one character changed', 'Bearer TYPO', 'invalid_api_key'],
  ['the case changed', 'Bearer CASE', 'invalid_api_key'],
]

/** The header with the good Live key, or what it says of it, filled in. */
export function filledIn(header: string, key: string): string {
  const rest = key.slice('twigsk_live_'.length)
  const typo = key.slice(0, 30) + (key[30] === 'A' ? 'B' : 'A') + key.slice(31)
  const flip = [...rest].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('')
  return header
    .replaceAll('SHORT', key.slice(0, -1))
    .replaceAll('TYPO', typo)
    .replaceAll('CASE', `twigsk_live_${flip}`)
    .replaceAll('HALF', key.slice(0, 20))
    .replaceAll('KEY', key)
    .replaceAll('REST', rest)
}

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** A number in decimal digits alone, as Postgres writes it: RFC 8785 has an exponent for the very large and small. */
function plainNumber(value: number): string {
  const text = Object.is(value, -0) ? '0' : String(value)
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? []
  if (exponent === undefined) return text
  const [digits, shift] = [whole + fraction, Number(exponent)]
  return shift > 0 ? `${sign}${digits.padEnd(shift + 1, '0')}` : `${sign}0.${'0'.repeat(-shift - 1)}${digits}`
}

/** By code points, as UTF-8 sorts. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/**
 * A value in the one form that it has: members in the order of their names, no space, numbers without an exponent. RFC
 * 8785 but for the last. The database function `audit_canonical` writes the same.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number') return plainNumber(value)
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const members = Object.entries(value).sort(([a], [b]) => byCodePoint(a, b))
  return `{${members.map(([name, each]) => `${JSON.stringify(name)}:${canonicalJson(each)}`).join(',')}}`
}

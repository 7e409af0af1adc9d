/** local@domain in printable ASCII without quotes; what mail systems in use accept (RFC 5321 section 4.1.2, dot-string). */
const EMAIL =
  /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/

/**
 * The one canonical form of an address, or null when it is not one: trimmed and lower-cased ASCII. Look-alike
 * characters (a full-width at sign, a dotless i) are refused before any Unicode folding could turn them into others.
 */
export function canonicalEmail(input: string): string | null {
  const email = input.trim().replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
  return email.length <= 254 && email.indexOf('@') <= 64 && EMAIL.test(email) ? email : null
}

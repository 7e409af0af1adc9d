import { namespaceOf, type XmlElement, type XmlNode } from './xml-document'

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
}
const VALUE_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
}

const escapeText = (text: string) => text.replaceAll(/[&<>\r]/g, (found) => TEXT_ESCAPES[found] ?? found)
const escapeValue = (text: string) =>
  text.replaceAll(/[&<"\t\n\r]/g, (found) => VALUE_ESCAPES[found] ?? found)

/** Canonical XML sorts by code point, which differs from UTF-16 only beyond what names here may hold. */
function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

interface Canonical {
  /** Prefixes that are treated as inclusive canonicalization does; the default namespace as `#default`. */
  inclusive: readonly string[]
  /** Left out, with all below it. */
  without: XmlElement | null
}

function tagName({ prefix, local }: { prefix: string; local: string }): string {
  return prefix === '' ? local : `${prefix}:${local}`
}

/** Declarations that an element's start tag needs, given what its ancestors in the output have declared. */
function neededNamespaces(
  element: XmlElement,
  rendered: ReadonlyMap<string, string>,
  inclusive: readonly string[],
): Map<string, string> {
  const needed = new Map<string, string>()
  const need = (prefix: string) => {
    const namespace = prefix === 'xml' ? undefined : namespaceOf(prefix, element)
    // A prefix of the list that is not in scope here stands for nothing.
    if (namespace !== undefined && namespace !== (rendered.get(prefix) ?? '')) needed.set(prefix, namespace)
  }
  need(element.prefix)
  for (const { prefix } of element.attributes) if (prefix !== '') need(prefix)
  for (const prefix of inclusive) need(prefix === '#default' ? '' : prefix)
  return needed.size < 2 ? needed : new Map([...needed].sort(([a], [b]) => compare(a, b)))
}

/** Writes into `out`, in pieces: putting them together at each level would copy a deep document again and again. */
function writeElement(
  element: XmlElement,
  rendered: ReadonlyMap<string, string>,
  how: Canonical,
  out: string[],
): void {
  const needed = neededNamespaces(element, rendered, how.inclusive)
  const declarations = [...needed].map(([prefix, namespace]) => {
    return ` ${prefix === '' ? 'xmlns' : `xmlns:${prefix}`}="${escapeValue(namespace)}"`
  })
  const attributes = element.attributes
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.local, b.local))
    .map((attribute) => ` ${tagName(attribute)}="${escapeValue(attribute.value)}"`)
  const name = tagName(element)
  const inside = needed.size === 0 ? rendered : new Map([...rendered, ...needed])
  out.push(`<${name}${declarations.join('')}${attributes.join('')}>`)
  for (const child of element.children) writeNode(child, inside, how, out)
  out.push(`</${name}>`)
}

function writeNode(
  node: XmlNode,
  rendered: ReadonlyMap<string, string>,
  how: Canonical,
  out: string[],
): void {
  if (node.kind === 'text') out.push(escapeText(node.text))
  else if (node !== how.without) writeElement(node, rendered, how, out)
}

/**
 * Exclusive XML Canonicalization 1.0 of an element, to be taken as UTF-8. Comments do not occur: readXml lets none in.
 * @param without what the enveloped-signature transform leaves out
 */
export function canonicalXml(
  element: XmlElement,
  { inclusive = [], without = null }: Partial<Canonical> = {},
): string {
  const out: string[] = []
  writeElement(element, new Map(), { inclusive, without }, out)
  return out.join('')
}

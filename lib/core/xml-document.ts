/** An attribute that is no namespace declaration. */
interface XmlAttribute {
  prefix: string
  local: string
  namespace: string
  value: string
}

export interface XmlElement {
  kind: 'element'
  prefix: string
  local: string
  namespace: string
  attributes: readonly XmlAttribute[]
  /** Namespaces in scope here, by prefix; the default one by the empty prefix. */
  scope: ReadonlyMap<string, string>
  children: XmlNode[]
  parent: XmlElement | null
}

interface XmlText {
  kind: 'text'
  text: string
}

export type XmlNode = XmlElement | XmlText

/** A document that Twig does not read, and why, in words for the log of attempts. Quotes nothing of it. */
export class XmlRefused extends Error {
  override readonly name = 'XmlRefused'
}

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace'
const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/'
const DEPTH_MAX = 32
const ELEMENTS_MAX = 2_000
const ATTRIBUTES_MAX = 32
/** In scope at once: canonicalization carries them along. */
const NAMESPACES_MAX = 32

const DECLARATION =
  /^<\?xml version=["']1\.0["'](?: encoding=["']utf-8["'])?(?: standalone=["'](?:yes|no)["'])?\s*\?>/i
// What XML 1.0 allows no document to hold.
const ILLEGAL = /[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u
const NAME = '(?:([A-Za-z_][\\w.-]*):)?([A-Za-z_][\\w.-]*)'
const OPEN = new RegExp(`<${NAME}`, 'y')
const CLOSE = new RegExp(`</${NAME}[ \\t\\n]*>`, 'y')
const ATTRIBUTE = new RegExp(`[ \\t\\n]+${NAME}[ \\t\\n]*=[ \\t\\n]*(?:"([^"<]*)"|'([^'<]*)')`, 'y')
const END = /[ \t\n]*(\/?)>/y
/** A reference, or an ampersand that begins none. */
const REFERENCE = /&(?:(lt|gt|amp|quot|apos);|#(\d{1,7});|#x([0-9A-Fa-f]{1,6});)?/g
const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

interface ReadOptions {
  /** Leaves comments out instead of refusing them: in metadata, which a person chose. */
  comments?: 'refuse' | 'drop'
}

/** Resolves the five entities and character references; there are no others without a DTD. */
function resolveReferences(text: string): string {
  if (!text.includes('&')) return text
  return text.replaceAll(REFERENCE, (_, name?: string, decimal?: string, hex?: string) => {
    if (decimal === undefined && hex === undefined) {
      const named = name === undefined ? undefined : NAMED[name]
      if (named === undefined) throw new XmlRefused('it has an entity that is not defined')
      return named
    }
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(decimal, 10)
    const character = code <= 0x10ffff ? String.fromCodePoint(code) : ''
    if (character === '' || (code !== 13 && ILLEGAL.test(character))) {
      throw new XmlRefused('it refers to a character that XML does not have')
    }
    return character
  })
}

interface RawAttribute {
  prefix: string
  local: string
  value: string
}

/** The namespace that a prefix stands for at an element. */
export function namespaceOf(prefix: string, element: XmlElement | null): string | undefined {
  if (prefix === 'xml') return XML_NAMESPACE
  return element?.scope.get(prefix) ?? (prefix === '' ? '' : undefined)
}

function declarationsOf(raw: readonly RawAttribute[]): Map<string, string> {
  const declared = new Map<string, string>()
  for (const { prefix, local, value } of raw) {
    if (prefix !== 'xmlns' && (prefix !== '' || local !== 'xmlns')) continue
    const bound = prefix === '' ? '' : local
    const isReserved =
      bound === 'xml' || bound === 'xmlns' || [XML_NAMESPACE, XMLNS_NAMESPACE].includes(value)
    if (isReserved || (bound !== '' && value === '')) throw new XmlRefused('it declares a namespace wrongly')
    if (declared.has(bound)) throw new XmlRefused('it has the same attribute twice')
    declared.set(bound, value)
  }
  return declared
}

const NOTHING: ReadonlyMap<string, string> = new Map()

/** The namespaces at an element: those of its parent, and what it declares itself. */
function scopeOf(declared: ReadonlyMap<string, string>, parent: XmlElement | null) {
  const inherited = parent?.scope ?? NOTHING
  const scope = declared.size === 0 ? inherited : new Map([...inherited, ...declared])
  if (scope.size > NAMESPACES_MAX) throw new XmlRefused('it declares too many namespaces')
  return scope
}

function requireNamespace(prefix: string, element: XmlElement): string {
  const namespace = namespaceOf(prefix, element)
  if (namespace === undefined) throw new XmlRefused('it uses a prefix that is not declared')
  return namespace
}

function makeElement(name: [string, string], raw: RawAttribute[], parent: XmlElement | null): XmlElement {
  const [prefix, local] = name
  const scope = scopeOf(declarationsOf(raw), parent)
  const bare = {
    kind: 'element' as const,
    prefix,
    local,
    namespace: '',
    attributes: [],
    scope,
    children: [],
  }
  const element: XmlElement = { ...bare, parent }
  const seen = new Set<string>()
  const attributes = raw.flatMap((attribute) => {
    const { prefix, local, value } = attribute
    if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) return []
    const namespace = prefix === '' ? '' : requireNamespace(prefix, element)
    const key = `${namespace} ${local}`
    if (seen.has(key)) throw new XmlRefused('it has the same attribute twice')
    seen.add(key)
    return [{ prefix, local, namespace, value }]
  })
  return Object.assign(element, { namespace: requireNamespace(prefix, element), attributes })
}

/** Reads one document from left to right, once. */
class Reader {
  private at = 0
  private elements = 0

  constructor(
    private readonly text: string,
    private readonly comments: 'refuse' | 'drop',
  ) {}

  document(): XmlElement {
    this.at = DECLARATION.exec(this.text)?.[0].length ?? 0
    this.between()
    const root = this.open(null)
    let element: XmlElement | null = root.empty ? null : root.element
    for (let depth = 1; element; ) {
      if (depth > DEPTH_MAX) throw new XmlRefused('its elements are nested too deep')
      this.characters(element)
      if (this.text.startsWith('</', this.at)) {
        this.close(element)
        element = element.parent
        depth -= 1
      } else if (!this.special()) {
        const child = this.open(element)
        element.children.push(child.element)
        if (child.empty) continue
        element = child.element
        depth += 1
      }
    }
    this.between()
    if (this.at < this.text.length) throw new XmlRefused('something follows its end')
    return root.element
  }

  /** What may stand before and after the root. */
  private between(): void {
    const space = /[ \t\n]*/y
    do {
      space.lastIndex = this.at
      this.at += space.exec(this.text)?.[0].length ?? 0
    } while (this.text.startsWith('<!', this.at) && this.special())
  }

  /** Throws at markup that is no element; true where a comment was left out. */
  private special(): boolean {
    if (this.text.startsWith('<!--', this.at)) {
      const end = this.text.indexOf('--', this.at + 4)
      if (this.comments === 'refuse') throw new XmlRefused('it has a comment')
      if (end < 0 || this.text[end + 2] !== '>') throw new XmlRefused('it has a comment that does not end')
      this.at = end + 3
      return true
    }
    if (this.text.startsWith('<![CDATA[', this.at)) throw new XmlRefused('it has a CDATA section')
    if (this.text.startsWith('<!', this.at)) throw new XmlRefused('it has a document type (DTD)')
    if (this.text.startsWith('<?', this.at)) throw new XmlRefused('it has a processing instruction')
    return false
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.text)
    if (match) this.at = pattern.lastIndex
    return match
  }

  private open(parent: XmlElement | null): { element: XmlElement; empty: boolean } {
    this.special()
    const name = this.take(OPEN)
    this.elements += 1
    if (!name) throw new XmlRefused('it is not well-formed XML')
    if (this.elements > ELEMENTS_MAX) throw new XmlRefused('it has too many elements')
    const raw: RawAttribute[] = []
    for (let found = this.take(ATTRIBUTE); found; found = this.take(ATTRIBUTE)) {
      const [, prefix = '', local = '', double, single] = found
      // Literal white space in a value is a space (XML 1.0, 3.3.3); what is referred to stays.
      const value = resolveReferences((double ?? single ?? '').replaceAll(/[\t\n]/g, ' '))
      raw.push({ prefix, local, value })
      if (raw.length > ATTRIBUTES_MAX) throw new XmlRefused('an element has too many attributes')
    }
    const end = this.take(END)
    if (!end) throw new XmlRefused('it is not well-formed XML')
    return { element: makeElement([name[1] ?? '', name[2] ?? ''], raw, parent), empty: end[1] === '/' }
  }

  private close({ prefix, local }: XmlElement): void {
    const name = this.take(CLOSE)
    if (!name || (name[1] ?? '') !== prefix || name[2] !== local)
      throw new XmlRefused('it is not well-formed XML')
  }

  private characters(parent: XmlElement): void {
    const next = this.text.indexOf('<', this.at)
    if (next < 0) throw new XmlRefused('it ends too early')
    const raw = this.text.slice(this.at, next)
    this.at = next
    if (raw.includes(']]>')) throw new XmlRefused('it is not well-formed XML')
    if (raw !== '') parent.children.push({ kind: 'text', text: resolveReferences(raw) })
  }
}

/**
 * Reads the part of XML 1.0 with namespaces that SAML needs: no DTD, no entity of its own, no processing instruction, no
 * CDATA, names in ASCII, and bounds on depth, elements and attributes, so that every reader of it reads the same and none
 * works long. Takes time in proportion to the text.
 * @throws XmlRefused
 */
export function readXml(text: string, { comments = 'refuse' }: ReadOptions = {}): XmlElement {
  const normal = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  if (ILLEGAL.test(normal)) throw new XmlRefused('it holds a character that XML does not have')
  return new Reader(normal, comments).document()
}

/** Elements among the children. */
export function childElements(element: XmlElement): XmlElement[] {
  return element.children.filter((child) => child.kind === 'element')
}

/** Children of a namespace and local name. */
export function childrenNamed(element: XmlElement, namespace: string, local: string): XmlElement[] {
  return childElements(element).filter((child) => child.namespace === namespace && child.local === local)
}

/** The element and all below it, in the document's order. */
export function everyElement(element: XmlElement): XmlElement[] {
  const found: XmlElement[] = []
  const queue = [element]
  for (let next = queue.pop(); next; next = queue.pop()) {
    found.push(next)
    queue.push(...childElements(next).reverse())
  }
  return found
}

/** The value of an attribute without a namespace. */
export function attributeOf(element: XmlElement, local: string): string | undefined {
  return element.attributes.find((attribute) => attribute.namespace === '' && attribute.local === local)
    ?.value
}

/** The text of an element that holds nothing else; null where it holds elements. */
export function textOf(element: XmlElement): string | null {
  let text = ''
  for (const child of element.children) {
    if (child.kind === 'element') return null
    text += child.text
  }
  return text
}

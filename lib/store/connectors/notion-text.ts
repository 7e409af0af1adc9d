import { z } from 'zod'
import { type Block, type Entry, type NotionClient, plain, richText } from './notion-api'

/** Of one page; what comes behind is left out. */
const BLOCKS_MAX = 5_000
const DEPTH_MAX = 12

/** Blocks that are pages of their own. */
export function isPageBlock({ type }: Block): boolean {
  return type === 'child_page' || type === 'child_database'
}

function markdown(value: unknown): string {
  return richText(value)
    .map(({ plain_text: text, href }) => (href && text.trim() ? `[${text}](${href})` : text))
    .join('')
}

/** Block types that are a line of text behind a mark. */
const MARKS: Readonly<Record<string, string>> = {
  paragraph: '',
  heading_1: '# ',
  heading_2: '## ',
  heading_3: '### ',
  bulleted_list_item: '- ',
  numbered_list_item: '1. ',
  toggle: '- ',
  quote: '> ',
  callout: '> ',
  template: '',
}

const Content = z.looseObject({
  rich_text: z.unknown().optional(),
  caption: z.unknown().optional(),
  checked: z.boolean().optional(),
  language: z.string().optional(),
  expression: z.string().optional(),
  url: z.string().optional(),
  title: z.string().optional(),
  name: z.string().optional(),
  cells: z.array(z.unknown()).optional(),
})

function lineOf(block: Block): string | null {
  const content = Content.safeParse(block[block.type]).data ?? {}
  const mark = MARKS[block.type]
  if (mark !== undefined)
    return mark + markdown(content.rich_text).replaceAll('\n', `\n${mark.trim() === '>' ? '> ' : ''}`)
  switch (block.type) {
    case 'to_do':
      return `- [${content.checked ? 'x' : ' '}] ${markdown(content.rich_text)}`
    case 'code':
      return `\`\`\`${content.language ?? ''}\n${plain(richText(content.rich_text))}\n\`\`\``
    case 'equation':
      return `$$${content.expression ?? ''}$$`
    case 'table_row':
      return `| ${(content.cells ?? []).map((cell) => markdown(cell).replaceAll('|', '\\|')).join(' | ')} |`
    case 'divider':
      return '---'
    case 'child_page':
    case 'child_database':
      return content.title ? `- ${content.title}` : null
    default: {
      const words = markdown(content.caption) || content.name
      return [words, content.url].filter(Boolean).join(' ') || null
    }
  }
}

const INDENTING = ['bulleted_list_item', 'numbered_list_item', 'to_do', 'toggle']

async function write(
  notion: NotionClient,
  id: string,
  depth: number,
  left: { blocks: number },
): Promise<string[]> {
  const parts: string[] = []
  let cursor: string | undefined
  do {
    const page = await notion.children(id, cursor)
    for (const block of page.results) {
      if (left.blocks <= 0) return parts
      left.blocks -= 1
      if (block.in_trash) continue
      const line = lineOf(block)
      const isOpen = block.has_children && !isPageBlock(block) && depth < DEPTH_MAX
      const inside = isOpen ? await write(notion, block.id, depth + 1, left) : []
      const indent = INDENTING.includes(block.type) ? '  ' : ''
      if (line) parts.push(line)
      parts.push(...inside.map((part) => part.replaceAll(/^/gm, indent)))
    }
    cursor = page.has_more ? (page.next_cursor ?? undefined) : undefined
  } while (cursor !== undefined)
  return parts
}

const Named = z.looseObject({ name: z.string().nullish() })
const text = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** A property of a database's row, in words. */
function wordsOf(property: Entry['properties'][string]): string {
  const { type = '' } = property
  const value = property[type]
  if (type === 'rich_text') return plain(richText(value))
  if (type === 'checkbox') return value ? 'yes' : 'no'
  if (Array.isArray(value)) {
    return value.flatMap((one) => Named.safeParse(one).data?.name || []).join(', ')
  }
  if (type === 'date') {
    const { start, end } =
      z.looseObject({ start: z.string(), end: z.string().nullish() }).safeParse(value).data ?? {}
    return [start, end].filter(Boolean).join(' – ')
  }
  if (type === 'formula') {
    const { type: kind = '', ...result } = z.looseObject({ type: z.string() }).safeParse(value).data ?? {}
    return text((result as Record<string, unknown>)[kind])
  }
  return Named.safeParse(value).data?.name ?? text(value)
}

/** A page as Markdown: its title, its properties where it is a database's row, its blocks with all below them. */
export async function writePage(notion: NotionClient, page: Entry, title: string): Promise<string> {
  const properties = Object.entries(page.properties).flatMap(([name, property]) => {
    const words = property.type === 'title' ? '' : wordsOf(property)
    return words ? `- ${name}: ${words}` : []
  })
  const parts = await write(notion, page.id, 0, { blocks: BLOCKS_MAX })
  return [`# ${title}`, ...(properties.length > 0 ? [properties.join('\n')] : []), ...parts].join('\n\n')
}

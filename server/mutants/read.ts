import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One check taken out or turned round, which at least one of its tests must notice. */
export interface Mutant {
  /** What is wrong with the code then. */
  name: string
  file: string
  /** Stands exactly once in the file. */
  find: string
  replace: string
  /** The test files that are to notice, from the root. */
  tests: readonly string[]
}

/**
 * Reads a list of mutants. `file` and `tests` (with spaces between) hold for all that follow; `# name` begins a mutant,
 * whose `- ` lines are the text to find and whose `+ ` lines stand in its place. `;` begins a comment.
 * Throws, naming the line, where something else stands.
 */
export function parseMutants(text: string): Mutant[] {
  const mutants: { name: string; file: string; tests: string[]; find: string[]; replace: string[] }[] = []
  let file = ''
  let tests: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [, mark = '', rest = ''] = /^(file|tests|[-+#;])(?: (.*))?$/.exec(line) ?? []
    const current = mutants.at(-1)
    if (line === '' || mark === ';') continue
    if (mark === 'file') file = rest
    else if (mark === 'tests') tests = rest.split(' ')
    else if (mark === '#') mutants.push({ name: rest, file, tests, find: [], replace: [] })
    else if (mark === '-' && current) current.find.push(rest)
    else if (mark === '+' && current) current.replace.push(rest)
    else throw new Error(`line ${index + 1} of the list of mutants is none of its kinds: ${line}`)
  }
  return mutants.map(({ find, replace, ...mutant }) => {
    if (find.length === 0) throw new Error(`the mutant "${mutant.name}" finds nothing`)
    return { ...mutant, find: find.join('\n'), replace: replace.join('\n') }
  })
}

/** Every mutant of the lists beside this file. */
export function readMutants(): Mutant[] {
  const folder = dirname(fileURLToPath(import.meta.url))
  const lists = readdirSync(folder).filter((name) => name.endsWith('.mutants'))
  return lists.sort().flatMap((name) => parseMutants(readFileSync(join(folder, name), 'utf8')))
}

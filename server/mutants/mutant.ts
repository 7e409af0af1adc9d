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

/** What is tried: a line's old and new text, and what is wrong then. */
type Change = readonly [name: string, find: string, replace: string]

/** Mutants of one file that the same tests are to notice. */
export function mutantsOf(file: string, tests: readonly string[], changes: readonly Change[]): Mutant[] {
  return changes.map(([name, find, replace]) => ({ name, file, find, replace, tests }))
}

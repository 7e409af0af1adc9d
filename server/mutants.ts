import { Copy, type Fate } from './mutants/apply'
import { type Mutant, readMutants } from './mutants/read'

const AT_ONCE = 2

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** The tests must pass as the code is, or every mutant would seem to be noticed. */
async function isGreen(copy: Copy, mutants: readonly Mutant[]): Promise<boolean> {
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))]
  const { total, failed, output } = await copy.run(tests)
  if (total > 0 && failed === 0) return true
  say(output.trim())
  say('These tests fail although nothing was changed; mend them first.')
  return false
}

/** Tries the mutants, as many at once as there are copies. */
async function tryAll(mutants: readonly Mutant[], copies: readonly Copy[]): Promise<Map<Mutant, Fate>> {
  const fates = new Map<Mutant, Fate>()
  const queue = [...mutants]
  const width = Math.max(...mutants.map(({ file }) => file.length))
  await Promise.all(
    copies.map(async (copy) => {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
        const began = Date.now()
        const fate = await copy.try(mutant)
        fates.set(mutant, fate)
        const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(5)
        say(
          `${fate === 'killed' ? '✓' : '✗'} ${mutant.file.padEnd(width)} ${seconds} s  ${mutant.name}: ${fate}`,
        )
      }
    }),
  )
  return fates
}

/**
 * `npm run mutants`: takes each check out of a copy of the code and expects its tests to fail.
 * @param args parts of names or files, to try only those
 * @returns 0 when every mutant was noticed, 1 when one was not or is no longer to be found
 */
export async function main(args: readonly string[]): Promise<number> {
  const mutants = readMutants().filter(({ name, file }) => {
    return args.length === 0 || args.some((part) => `${file} ${name}`.includes(part))
  })
  if (mutants.length === 0) {
    say('There is no mutant of that name or file.')
    return 1
  }
  const copies = Array.from({ length: Math.min(AT_ONCE, mutants.length) }, () => new Copy())
  try {
    const [first] = copies
    if (!first || !(await isGreen(first, mutants))) return 1
    const fates = await tryAll(mutants, copies)
    const left = mutants.filter((mutant) => fates.get(mutant) !== 'killed')
    for (const mutant of left) say(`${fates.get(mutant)}: ${mutant.file}: ${mutant.name}`)
    say(`${mutants.length - left.length} killed, ${left.length} not`)
    return left.length === 0 ? 0 : 1
  } finally {
    for (const copy of copies) copy.remove()
  }
}

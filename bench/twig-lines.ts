import { withBackends } from '../cli/backends'
import { nouns } from '../cli/nouns'
import { printAnswer } from '../cli/output'
import { patiently } from '../lib/store/db'

// Obeys the command lines that it is given as JSON, one after the other: a process of its own for each would take a
// second to begin, on a machine that is starting servers at that. Each answer ends with a zero byte.

await withBackends(() =>
  patiently(async () => {
    for (const line of process.argv.slice(2)) {
      const [noun = '', word = '', ...rest] = JSON.parse(line) as string[]
      const verb = (await nouns[noun]?.())?.[word]
      const prepared = await verb?.prepare(rest)
      if (prepared?.kind !== 'run') throw new Error(`There is no ${noun} ${word}`)
      await printAnswer(await prepared.run(), prepared.json)
      process.stdout.write('\0')
    }
  }),
)
process.exit()

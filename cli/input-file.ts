import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { bareCause } from '../lib/store/background'
import { Problem } from '../server/problem.mjs'

/** Where the operator called from: npm and the start of this program go to the clone's own folder. */
function callersFolder(): string {
  return process.env.INIT_CWD ?? process.env.PWD ?? process.cwd()
}

/** The text of a file that the operator named. Throws Problem where it cannot be read or is larger than `maxBytes`. */
export async function readInputFile(path: string, maxBytes: number): Promise<string> {
  try {
    const file = resolve(callersFolder(), path)
    const { size } = await stat(file)
    if (size > maxBytes) throw new Problem(`The file is larger than ${maxBytes} bytes.`)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(`The file cannot be read (${bareCause(error)}).`)
  }
}

import { createReadStream } from 'node:fs'
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

/** No line of ours is nearly as long. */
const LINE_MAX = 16 * 1024 * 1024

/**
 * Lines of a file that the operator named, read as they are asked for; empty ones are left out. They end with a line feed
 * alone: texts in JSON may hold whatever else some programs take for the end of a line. Throws Problem.
 */
export async function* readInputLines(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8')
  let rest = ''
  try {
    for await (const chunk of createReadStream(resolve(callersFolder(), path))) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LINE_MAX) throw new Problem('The file holds a line that is far too long.')
      yield* lines.map((line) => line.replace(/\r$/, '')).filter((line) => line !== '')
    }
    rest += decoder.decode()
    if (rest !== '') yield rest
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem(`The file cannot be read (${bareCause(error)}).`)
  }
}

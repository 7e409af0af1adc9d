import { Problem } from '../server/problem.mjs'

/** Something else to measure in the same run. */
export interface Target {
  name: string
  /** The whole address that is asked for. */
  url: string
  headers: Record<string, string>
}

const TARGET = /^([^=]+)=(https?:\/\/[^\s]+?)(?:=([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*))?$/

/**
 * Reads a further target, `NAME=URL` or `NAME=URL=HEADER`, as in `other=http://localhost:4000/api/x=x-api-key: abc`.
 * @throws Problem when it is written otherwise
 */
export function parseTarget(text: string): Target {
  const [, name = '', url = '', header, value = ''] = TARGET.exec(text.trim()) ?? []
  if (name.trim() === '' || !URL.canParse(url)) {
    throw new Problem(
      'A target is NAME=URL or NAME=URL=HEADER, such as other=http://localhost:4000/x=x-api-key: abc.',
    )
  }
  return { name: name.trim(), url, headers: header === undefined ? {} : { [header]: value.trim() } }
}

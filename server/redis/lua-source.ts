import { RedisError } from './reply'

/** The name a script uses for the operand that `..` is rewritten with; see lua-prelude. */
export const CONCAT_NAME = '__twig_concat'

const SHEBANG = /^#!lua[^\n]*/

/** Drops `#!lua flags=…`, which only Upstash understands, and keeps the line so that error lines stay right. */
export function withoutShebang(source: string): string {
  return source.replace(SHEBANG, '')
}

// In this order, since the first that fits wins: what is copied as it is, then what is rewritten or refused.
const TOKEN = new RegExp(
  [
    String.raw`--\[(?<comment>=*)\[.*?\]\k<comment>\]|--[^\n]*`,
    String.raw`\[(?<level>=*)\[.*?\]\k<level>\]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`,
    String.raw`[A-Za-z_][A-Za-z0-9_]*|\.{3}`,
    String.raw`(?<concat>\.\.)`,
    String.raw`(?<number>0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)`,
    '(?<foreign>//|<<|>>|::|[&|]|~(?!=))',
  ].join('|'),
  'gs',
)

type Match = [offset: number, text: string, groups: Record<string, string | undefined>]

/**
 * Makes a script written for Redis's Lua 5.1 mean the same in Lua 5.4. In 5.1 every number is a double and prints
 * without `.0`, so integer literals become floats and `a .. b` becomes `a .. concat .. b`, where the operand in the
 * middle formats numbers as 5.1 does. Line numbers stay. Throws RedisError for operators that 5.1 does not have.
 */
export function asLua54(source: string): string {
  const body = withoutShebang(source).replace(TOKEN, (token, ...rest) => {
    const [offset, text, { concat, number, foreign }] = rest.slice(-3) as Match
    if (foreign) {
      const line = text.slice(0, offset).split('\n').length
      throw compileError(`user_script:${line}: unexpected symbol near '${token.slice(0, 1)}'`)
    }
    if (concat) return `..${CONCAT_NAME}..`
    return number ? asFloat(number) : token
  })
  return `local ${CONCAT_NAME} = ${CONCAT_NAME} ${body}`
}

function asFloat(literal: string): string {
  if (/^0[xX]/.test(literal)) return `${BigInt(literal)}.0`
  return /^[0-9]+$/.test(literal) ? `${literal}.0` : literal
}

/** The error for a script that does not compile. */
export function compileError(detail: string): RedisError {
  return new RedisError(`ERR Error compiling script (new function): ${detail}`)
}

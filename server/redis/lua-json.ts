import { type LuaStack, LuaType } from './lua-stack'
import { formatDouble } from './numbers'
import { toBytes, toText } from './reply'

const DEEPEST = 1000

/** What cjson refuses to encode or decode; the script sees the message. */
export class LuaJsonError extends Error {}

const TYPE_NAMES = [
  'nil',
  'boolean',
  'userdata',
  'number',
  'string',
  'table',
  'function',
  'userdata',
  'thread',
]

const cannotSerialise = (type: number, reason: string): LuaJsonError =>
  new LuaJsonError(`Cannot serialise ${TYPE_NAMES[type] ?? 'nil'}: ${reason}`)

// cjson escapes these two besides what JSON demands.
function quote(bytes: string): string {
  return JSON.stringify(bytes).replaceAll('/', '\\/').replaceAll('\x7f', '\\u007f')
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw cannotSerialise(LuaType.number, 'must not be NaN or Inf')
  return formatDouble(value, 14)
}

/** Pushes the first argument encoded as Redis's cjson does. Throws LuaJsonError. */
export function pushEncoded(stack: LuaStack, state: number): void {
  stack.pushString(state, encodeJson(stack, state, 1))
}

function encodeJson(stack: LuaStack, state: number, index: number, depth = 1): string {
  const type = stack.type(state, index)
  if (type === LuaType.string) return quote(stack.toString(state, index))
  if (type === LuaType.number) return encodeNumber(stack.toNumber(state, index))
  if (type === LuaType.boolean) return stack.lua._lua_toboolean(state, index) ? 'true' : 'false'
  if (type === LuaType.nil || type === LuaType.lightUserdata) return 'null'
  if (type !== LuaType.table) throw cannotSerialise(type, 'type not supported')
  if (depth > DEEPEST) throw new LuaJsonError(`Cannot serialise, excessive depth (${depth})`)
  return encodeTable(stack, state, index, depth)
}

function encodeTable(stack: LuaStack, state: number, index: number, depth: number): string {
  const { lua } = stack
  const items: string[] = []
  const fields: string[] = []
  let last = 0
  let isArray = true
  lua._lua_checkstack(state, 8)
  lua._lua_pushnil(state)
  while (lua._lua_next(state, index) !== 0) {
    const value = encodeJson(stack, state, lua._lua_gettop(state), depth + 1)
    const keyType = stack.type(state, -2)
    if (keyType === LuaType.number) {
      const key = stack.toNumber(state, -2)
      if (Number.isInteger(key) && key > 0) {
        last = Math.max(last, key)
        if (isArray) items[key - 1] = value
      } else isArray = false
      fields.push(`${quote(encodeNumber(key))}:${value}`)
    } else if (keyType === LuaType.string) {
      isArray = false
      fields.push(`${quote(stack.toString(state, -2))}:${value}`)
    } else throw cannotSerialise(keyType, 'table key must be a number or string')
    stack.pop(state, 1)
  }
  if (!isArray || last === 0) return `{${fields.join(',')}}`
  if (last > 10 && last > fields.length * 2) throw cannotSerialise(LuaType.table, 'excessively sparse array')
  return `[${Array.from({ length: last }, (_, at) => items[at] ?? 'null').join(',')}]`
}

/** Decodes the first argument and pushes the Lua value; null becomes cjson.null. Throws LuaJsonError. */
export function pushDecoded(stack: LuaStack, state: number): void {
  let value: unknown
  try {
    value = JSON.parse(toText(stack.textAt(state, 1) ?? ''))
  } catch {
    throw new LuaJsonError('Expected value but found invalid token')
  }
  pushValue(stack, state, value, 1)
}

function pushValue(stack: LuaStack, state: number, value: unknown, depth: number): void {
  const { lua } = stack
  if (depth > DEEPEST) throw new LuaJsonError('Found too many nested data structures (1001)')
  lua._lua_checkstack(state, 8)
  if (typeof value === 'string') stack.pushString(state, toBytes(value))
  else if (typeof value === 'number') lua._lua_pushnumber(state, value)
  else if (typeof value === 'boolean') lua._lua_pushboolean(state, value ? 1 : 0)
  else if (Array.isArray(value)) {
    lua._lua_createtable(state, value.length, 0)
    value.forEach((item, index) => {
      pushValue(stack, state, item, depth + 1)
      lua._lua_rawseti(state, -2, BigInt(index + 1))
    })
  } else if (typeof value === 'object' && value !== null) {
    lua._lua_createtable(state, 0, 8)
    for (const [name, item] of Object.entries(value)) {
      stack.pushString(state, toBytes(name))
      pushValue(stack, state, item, depth + 1)
      lua._lua_rawset(state, -3)
    }
  } else lua._lua_pushlightuserdata(state, 0)
}

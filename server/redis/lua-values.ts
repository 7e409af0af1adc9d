import { type LuaStack, LuaType } from './lua-stack'
import { formatDouble } from './numbers'
import { type RawReply, RedisError, Status } from './reply'

const DEEPEST_REPLY = 200
const INT64_MIN = -(2 ** 63)

/**
 * What a script returned, at an absolute index, by Redis's rules: numbers lose their fraction, false is nil, true is
 * 1, a table with `err` or `ok` is an error or a status, any other ends at its first nil. Throws when too deep.
 */
export function readReply(stack: LuaStack, state: number, index: number, depth = 0): RawReply {
  switch (stack.type(state, index)) {
    case LuaType.string:
      return stack.toString(state, index)
    case LuaType.number:
      return wholeNumber(stack.toNumber(state, index))
    case LuaType.boolean:
      return stack.lua._lua_toboolean(state, index) ? 1 : null
    case LuaType.table:
      return readTable(stack, state, index, depth)
    default:
      return null
  }
}

/** C's conversion to a 64-bit integer; what does not fit, NaN included, becomes the smallest one. */
function wholeNumber(value: number): number {
  const whole = Math.trunc(value)
  return Math.abs(whole) < -INT64_MIN ? whole + 0 : INT64_MIN
}

function readTable(stack: LuaStack, state: number, index: number, depth: number): RawReply {
  const { lua } = stack
  if (depth > DEEPEST_REPLY || lua._lua_checkstack(state, 4) === 0)
    throw new RedisError('ERR reached lua stack limit')
  const failure = stack.stringField(state, index, 'err')
  if (failure !== undefined) return new RedisError(failure)
  const status = stack.stringField(state, index, 'ok')
  if (status !== undefined) return new Status(status)
  const items: RawReply[] = []
  for (let item = 1n; lua._lua_rawgeti(state, index, item) !== LuaType.nil; item++) {
    items.push(readReply(stack, state, lua._lua_gettop(state), depth + 1))
    stack.pop(state, 1)
  }
  stack.pop(state, 1)
  return items
}

/** The arguments of redis.call, which fill the stack; numbers as `%.17g`. Throws RedisError as Redis does. */
export function readCommand(stack: LuaStack, state: number): string[] {
  const count = stack.lua._lua_gettop(state)
  if (count === 0) throw new RedisError('ERR Please specify at least one argument for this redis lib call')
  const command: string[] = []
  for (let index = 1; index <= count; index++) {
    const type = stack.type(state, index)
    if (type === LuaType.string) command.push(stack.toString(state, index))
    else if (type === LuaType.number) command.push(formatDouble(stack.toNumber(state, index), 17))
    else throw new RedisError('ERR Lua redis lib command arguments must be strings or integers')
  }
  return command
}

/** Pushes a command's reply as redis.call returns it: nil is false, a status is `{ok = text}`. */
export function pushReply(stack: LuaStack, state: number, reply: RawReply): void {
  const { lua } = stack
  if (typeof reply === 'string') stack.pushString(state, reply)
  else if (typeof reply === 'number') lua._lua_pushnumber(state, reply)
  else if (reply === null) lua._lua_pushboolean(state, 0)
  else if (Array.isArray(reply)) {
    lua._lua_checkstack(state, 4)
    lua._lua_createtable(state, reply.length, 0)
    reply.forEach((item, index) => {
      pushReply(stack, state, item)
      lua._lua_rawseti(state, -2, BigInt(index + 1))
    })
  } else {
    lua._lua_createtable(state, 0, 1)
    stack.pushString(state, reply instanceof Status ? 'ok' : 'err')
    stack.pushString(state, reply instanceof Status ? reply.text : reply.message)
    lua._lua_rawset(state, -3)
  }
}

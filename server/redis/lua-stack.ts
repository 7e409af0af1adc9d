import { LuaFactory } from 'wasmoon'
import { formatDouble } from './numbers'

/** The C functions of Lua 5.4 as WebAssembly exports them: addresses and stack indices are numbers. */
interface LuaExports {
  readonly HEAPU8: Uint8Array
  addFunction(run: (state: number, record: number) => number | undefined, signature: string): number
  _malloc(size: number): number
  _free(address: number): void
  _luaL_newstate(): number
  _luaL_openlibs(state: number): void
  _luaL_loadbufferx(state: number, text: number, size: number, name: number, mode: number): number
  _luaL_ref(state: number, table: number): number
  _luaL_where(state: number, level: number): void
  _luaL_unref(state: number, table: number, reference: number): void
  _lua_close(state: number): void
  _lua_gettop(state: number): number
  _lua_settop(state: number, index: number): void
  _lua_checkstack(state: number, count: number): number
  _lua_pcallk(
    state: number,
    args: number,
    results: number,
    handler: number,
    context: number,
    k: number,
  ): number
  _lua_sethook(state: number, hook: number, mask: number, count: number): void
  _lua_error(state: number): number
  _lua_type(state: number, index: number): number
  _lua_tonumberx(state: number, index: number, isNumber: number): number
  _lua_toboolean(state: number, index: number): number
  _lua_tolstring(state: number, index: number, size: number): number
  _lua_pushnil(state: number): void
  _lua_pushnumber(state: number, value: number): void
  _lua_pushboolean(state: number, value: number): void
  _lua_pushlightuserdata(state: number, address: number): void
  _lua_pushlstring(state: number, text: number, size: number): number
  _lua_pushcclosure(state: number, run: number, upvalues: number): void
  _lua_createtable(state: number, items: number, fields: number): void
  _lua_rawgeti(state: number, index: number, item: bigint): number
  _lua_rawseti(state: number, index: number, item: bigint): void
  _lua_rawget(state: number, index: number): number
  _lua_rawset(state: number, index: number): void
  _lua_concat(state: number, count: number): void
  _lua_next(state: number, index: number): number
}

export const LUA_REGISTRY = -1_001_000
export const LuaType = { nil: 0, boolean: 1, lightUserdata: 2, number: 3, string: 4, table: 5 } as const

const SCRATCH_BYTES = 64 * 1024

/** Moves values between JavaScript and one Lua state. Strings are bytes, one character a byte. */
export class LuaStack {
  readonly lua: LuaExports
  readonly #sizeAddress: number
  #memory: Buffer = Buffer.alloc(0)
  #scratch: number
  #scratchBytes = SCRATCH_BYTES

  private constructor(lua: LuaExports) {
    this.lua = lua
    this.#sizeAddress = lua._malloc(8)
    this.#scratch = lua._malloc(SCRATCH_BYTES)
  }

  /** Loads an interpreter of its own, with no state in it yet. */
  static async open(): Promise<LuaStack> {
    const wasm = await new LuaFactory().getLuaModule()
    return new LuaStack(wasm.module as unknown as LuaExports)
  }

  /** The WebAssembly memory, which moves when it grows. */
  get memory(): Buffer {
    const { buffer } = this.lua.HEAPU8
    if (this.#memory.buffer !== buffer) this.#memory = Buffer.from(buffer)
    return this.#memory
  }

  /** Pushes a string of bytes. */
  pushString(state: number, bytes: string): void {
    this.lua._lua_pushlstring(state, this.copyIn(bytes), bytes.length)
  }

  /** Copies bytes into scratch memory, which the next copy overwrites; returns the address. */
  copyIn(bytes: string): number {
    if (bytes.length > this.#scratchBytes) {
      this.lua._free(this.#scratch)
      this.#scratchBytes = bytes.length
      this.#scratch = this.lua._malloc(this.#scratchBytes)
    }
    this.memory.write(bytes, this.#scratch, 'latin1')
    return this.#scratch
  }

  /** The string at an index. */
  toString(state: number, index: number): string {
    const address = this.lua._lua_tolstring(state, index, this.#sizeAddress)
    const memory = this.memory
    return memory.toString('latin1', address, address + memory.readUInt32LE(this.#sizeAddress))
  }

  /** The string or number at an index as bytes; undefined for anything else. Leaves the value as it is. */
  textAt(state: number, index: number): string | undefined {
    const type = this.type(state, index)
    if (type === LuaType.number) return formatDouble(this.toNumber(state, index), 14)
    return type === LuaType.string ? this.toString(state, index) : undefined
  }

  /** The number at an index. */
  toNumber(state: number, index: number): number {
    return this.lua._lua_tonumberx(state, index, 0)
  }

  /** The LuaType at an index. */
  type(state: number, index: number): number {
    return this.lua._lua_type(state, index)
  }

  /** Drops the topmost values. */
  pop(state: number, count: number): void {
    this.lua._lua_settop(state, -count - 1)
  }

  /** Raises an error of the C function that is running, with the script's line in front. Does not return. */
  raise(state: number, message: string): number {
    this.lua._luaL_where(state, 1)
    this.pushString(state, message)
    this.lua._lua_concat(state, 2)
    return this.lua._lua_error(state)
  }

  /** Pushes `table[name]`, raw, and returns its type; the table is at an absolute index. */
  pushField(state: number, table: number, name: string): number {
    this.pushString(state, name)
    return this.lua._lua_rawget(state, table)
  }

  /** `table[name]` when it is a string. */
  stringField(state: number, table: number, name: string): string | undefined {
    const isString = this.pushField(state, table, name) === LuaType.string
    const value = isString ? this.toString(state, -1) : undefined
    this.pop(state, 1)
    return value
  }

  /** Sets `table[name]` to the strings given; the table is at an absolute index. */
  setStrings(state: number, table: number, name: string, items: readonly string[]): void {
    this.pushString(state, name)
    this.lua._lua_createtable(state, items.length, 0)
    items.forEach((item, index) => {
      this.pushString(state, item)
      this.lua._lua_rawseti(state, -2, BigInt(index + 1))
    })
    this.lua._lua_rawset(state, table)
  }
}

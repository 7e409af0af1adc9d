import { LuaJsonError, pushDecoded, pushEncoded } from './lua-json'
import { PRELUDE } from './lua-prelude'
import { asLua54, compileError } from './lua-source'
import { LUA_REGISTRY, LuaStack, LuaType } from './lua-stack'
import { pushReply, readCommand, readReply } from './lua-values'
import { type RawReply, RedisError } from './reply'
import { sha1 } from './sha1'

/** Runs one command for a script. Throws RedisError; the script sees it as redis.call's or redis.pcall's error. */
type ScriptCommand = (command: readonly string[]) => RawReply

const HOOK_EVERY = 10_000
const HOOK_ON_COUNT = 8
const MAX_MS = 1000
const MAX_SCRIPTS = 500

interface Script {
  source: string
  /** Where the compiled function lies in the registry; absent until it runs in this state. */
  reference?: number
}

/**
 * Redis's scripting on Lua 5.4 in WebAssembly. One script at a time and without waiting, hence atomic. Strings are
 * bytes. The latest 500 scripts are remembered; an older one answers NOSCRIPT, on which every client sends it again.
 */
export class LuaRunner {
  readonly #stack: LuaStack
  readonly #maxInstructions: number
  readonly #scripts = new Map<string, Script>()
  readonly #functions: Record<'call' | 'pcall' | 'sha1' | 'encode' | 'decode' | 'hook', number>
  #state = 0
  #globals = 0
  #handler = 0
  #instructions = 0
  #deadlineMs = 0
  #command: ScriptCommand = () => null

  private constructor(stack: LuaStack, maxInstructions: number) {
    this.#stack = stack
    this.#maxInstructions = maxInstructions
    const { lua } = stack
    this.#functions = {
      call: lua.addFunction((state) => this.#call(state, true), 'ii'),
      pcall: lua.addFunction((state) => this.#call(state, false), 'ii'),
      sha1: lua.addFunction((state) => this.#sha1(state), 'ii'),
      encode: lua.addFunction((state) => this.#json(state, pushEncoded), 'ii'),
      decode: lua.addFunction((state) => this.#json(state, pushDecoded), 'ii'),
      hook: lua.addFunction((state) => this.#countInstructions(state), 'vii'),
    }
    this.#boot()
  }

  /**
   * Loads the interpreter. A script that runs for `maxInstructions` or a second is stopped with an
   * error; what it wrote until then stays.
   */
  static async open(maxInstructions: number): Promise<LuaRunner> {
    return new LuaRunner(await LuaStack.open(), maxInstructions)
  }

  /** Remembers a script by its SHA-1. Throws RedisError when it does not compile. */
  load(sha: string, source: string): void {
    const script = this.#scripts.get(sha) ?? { source }
    this.#compile(script)
    this.#scripts.delete(sha)
    this.#scripts.set(sha, script)
    for (const [oldest, { reference }] of this.#scripts) {
      if (this.#scripts.size <= MAX_SCRIPTS) break
      if (reference) this.#stack.lua._luaL_unref(this.#state, LUA_REGISTRY, reference)
      this.#scripts.delete(oldest)
    }
  }

  /** Is this script remembered? */
  has(sha: string): boolean {
    return this.#scripts.has(sha)
  }

  /** Forgets every script. */
  flush(): void {
    this.#scripts.clear()
    this.#boot()
  }

  /** Runs a loaded script. Throws RedisError for whatever the script raises; undefined: no such script. */
  run(
    sha: string,
    keys: readonly string[],
    args: readonly string[],
    command: ScriptCommand,
  ): RawReply | undefined {
    const script = this.#scripts.get(sha)
    if (!script) return undefined
    const reference = this.#compile(script)
    this.#command = command
    let finished = false
    try {
      const reply = this.#invoke(sha, reference, keys, args)
      finished = true
      return reply
    } catch (error) {
      if (error instanceof RedisError) finished = true
      throw error
    } finally {
      // Anything but a Redis error has left this state half unwound: not even closing it is safe.
      if (!finished) {
        this.#state = 0
        this.#boot()
      }
    }
  }

  /** Frees the interpreter; running a script afterwards is not possible. */
  close(): void {
    if (this.#state) this.#stack.lua._lua_close(this.#state)
    this.#state = 0
    this.#scripts.clear()
  }

  #boot(): void {
    const { lua } = this.#stack
    if (this.#state) lua._lua_close(this.#state)
    const state = lua._luaL_newstate()
    this.#state = state
    for (const script of this.#scripts.values()) script.reference = undefined
    lua._luaL_openlibs(state)
    const failure = this.#loadText(PRELUDE, '=twig')
    if (failure !== undefined) throw new Error(failure)
    const { call, pcall, sha1, encode, decode } = this.#functions
    for (const address of [call, pcall, sha1, encode, decode]) lua._lua_pushcclosure(state, address, 0)
    if (lua._lua_pcallk(state, 5, 2, 0, 0, 0) !== 0) throw new Error(this.#stack.toString(state, -1))
    this.#handler = lua._luaL_ref(state, LUA_REGISTRY)
    this.#globals = lua._luaL_ref(state, LUA_REGISTRY)
  }

  /** Leaves the compiled chunk on the stack, or returns why it does not compile. */
  #loadText(text: string, name: string): string | undefined {
    const { lua } = this.#stack
    const nameAddress = lua._malloc(name.length + 1)
    this.#stack.memory.write(`${name}\0`, nameAddress, 'latin1')
    const status = lua._luaL_loadbufferx(this.#state, this.#stack.copyIn(text), text.length, nameAddress, 0)
    lua._free(nameAddress)
    if (status === 0) return undefined
    const message = this.#stack.toString(this.#state, -1)
    this.#stack.pop(this.#state, 1)
    return message
  }

  #compile(script: Script): number {
    if (script.reference !== undefined) return script.reference
    const failure = this.#loadText(asLua54(script.source), '@user_script')
    if (failure !== undefined) throw compileError(failure)
    script.reference = this.#stack.lua._luaL_ref(this.#state, LUA_REGISTRY)
    return script.reference
  }

  #invoke(sha: string, reference: number, keys: readonly string[], args: readonly string[]): RawReply {
    const [stack, state] = [this.#stack, this.#state]
    const { lua } = stack
    lua._lua_settop(state, 0)
    lua._lua_rawgeti(state, LUA_REGISTRY, BigInt(this.#handler))
    lua._lua_rawgeti(state, LUA_REGISTRY, BigInt(this.#globals))
    stack.setStrings(state, 2, 'KEYS', keys)
    stack.setStrings(state, 2, 'ARGV', args)
    lua._lua_rawgeti(state, LUA_REGISTRY, BigInt(reference))
    this.#instructions = 0
    this.#deadlineMs = performance.now() + MAX_MS
    lua._lua_sethook(state, this.#functions.hook, HOOK_ON_COUNT, HOOK_EVERY)
    const status = lua._lua_pcallk(state, 0, 1, 1, 0, 0)
    if (status !== 0) throw this.#raised(sha)
    const reply = readReply(stack, state, 3)
    if (reply instanceof RedisError) throw reply
    return reply
  }

  #raised(sha: string): RedisError {
    const [stack, state] = [this.#stack, this.#state]
    if (stack.type(state, 3) !== LuaType.table) return new RedisError(`ERR ${stack.toString(state, 3)}`)
    const message = stack.stringField(state, 3, 'err') ?? 'ERR unknown error'
    const hasLine = stack.pushField(state, 3, 'line') === LuaType.number
    const line = hasLine ? stack.toNumber(state, -1) : 0
    return new RedisError(hasLine ? `${message} script: ${sha}, on @user_script:${line}.` : message)
  }

  /** redis.call raises a command's error and redis.pcall returns it, both as `{err = message}`. */
  #call(state: number, raise: boolean): number {
    let raised = false
    try {
      pushReply(this.#stack, state, this.#command(readCommand(this.#stack, state)))
    } catch (error) {
      if (!(error instanceof RedisError)) throw error
      pushReply(this.#stack, state, error)
      raised = raise
    }
    // Outside the try: in WebAssembly raising is an exception that must reach the interpreter.
    return raised ? this.#stack.lua._lua_error(state) : 1
  }

  #sha1(state: number): number {
    const stack = this.#stack
    const given = stack.lua._lua_gettop(state) === 1
    if (!given) pushReply(stack, state, new RedisError('ERR wrong number of arguments'))
    else stack.pushString(state, sha1(stack.textAt(state, 1) ?? ''))
    return given ? 1 : stack.lua._lua_error(state)
  }

  #json(state: number, convert: (stack: LuaStack, state: number) => void): number {
    let failure: string | undefined
    try {
      convert(this.#stack, state)
    } catch (error) {
      if (!(error instanceof LuaJsonError)) throw error
      failure = error.message
    }
    return failure === undefined ? 1 : this.#stack.raise(state, failure)
  }

  /** Past the limit every further instruction raises, so that no pcall of the script can swallow the stop. */
  #countInstructions(state: number): undefined {
    this.#instructions += HOOK_EVERY
    if (this.#instructions < this.#maxInstructions && performance.now() < this.#deadlineMs) return
    const { lua } = this.#stack
    lua._lua_sethook(state, this.#functions.hook, HOOK_ON_COUNT, 1)
    this.#stack.pushString(state, 'Script stopped: it ran for too long')
    lua._lua_error(state)
  }
}

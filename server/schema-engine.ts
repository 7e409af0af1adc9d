import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PrismaPg } from '@prisma/adapter-pg'
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
} from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import pg from 'pg'

/** Postgres's one-byte "char", which only its own catalogue uses, and text. */
const CATALOGUE_CHAR = 18
const TEXT = 25

interface EngineModule {
  SchemaEngine: typeof SchemaEngine
  __wbg_set_wasm: (exports: WebAssembly.Exports) => void
}

let engineModule: Promise<EngineModule> | undefined

/** Prisma's schema engine as WebAssembly from npm: nothing is downloaded, and no bundler is needed to load it. */
async function loadEngine(): Promise<EngineModule> {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'))
  const glue: EngineModule = await import(pathToFileURL(join(folder, 'schema_engine_bg.js')).href)
  const bytes = readFileSync(join(folder, 'schema_engine_bg.wasm'))
  const imports = { './schema_engine_bg.js': glue as unknown as WebAssembly.ModuleImports }
  const { instance } = await WebAssembly.instantiate(bytes, imports)
  glue.__wbg_set_wasm(instance.exports)
  const start = instance.exports.__wbindgen_start
  if (typeof start === 'function') start()
  // Where the engine leaves the reason when it panics.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => console.error(message) },
  })
  return glue
}

function asDriverError(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error
  const { code = '', severity = '', message, detail, column, hint } = error
  return new DriverAdapterError({ kind: 'postgres', code, severity, message, detail, column, hint })
}

/** One connection for the engine, and the adapter that it speaks through. */
async function connect(connectionString: string, beforeEnd?: () => Promise<void>): Promise<SqlDriverAdapter> {
  const pool = new pg.Pool({ connectionString, max: 1 })
  const query = pool.query.bind(pool)
  // Prisma's adapter refuses "char" columns, although the engine needs them to read a schema: they pass it as text.
  const charColumns = new AsyncLocalStorage<Set<number>>()
  const queryWithoutChars = async (config: pg.QueryConfig) => {
    const result = await query(config)
    for (const [index, field] of result.fields.entries()) {
      if (field.dataTypeID !== CATALOGUE_CHAR) continue
      field.dataTypeID = TEXT
      charColumns.getStore()?.add(index)
    }
    return result
  }
  Object.assign(pool, { query: queryWithoutChars })
  const adapter = await new PrismaPg(pool, { onPoolError: () => {} }).connect()
  const queryRaw = adapter.queryRaw.bind(adapter)
  return Object.assign(adapter, {
    queryRaw: async (params: SqlQuery) => {
      const chars = new Set<number>()
      const result = await charColumns.run(chars, () => queryRaw(params))
      const columnTypes = result.columnTypes.map((type, index) =>
        chars.has(index) ? ColumnTypeEnum.Character : type,
      )
      return { ...result, columnTypes }
    },
    // The adapter's own cuts a script at every semicolon, also at those inside a function or a string.
    executeScript: async (script: string) => {
      await query(script).catch((error: unknown) => {
        throw asDriverError(error)
      })
    },
    dispose: async () => {
      if (!pool.ended) await pool.end()
      await beforeEnd?.()
    },
  })
}

/** The address of another database on the same server. */
function besides(databaseUrl: string, database: string): string {
  const url = new URL(databaseUrl)
  url.pathname = `/${database}`
  return url.href
}

async function withClient(databaseUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

/**
 * Runs the work with Prisma's schema engine on a database, and closes every connection afterwards.
 * @param schema the text of schema.prisma
 */
export async function withSchemaEngine<T>(
  databaseUrl: string,
  schema: string,
  work: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  engineModule ??= loadEngine()
  const { SchemaEngine: Engine } = await engineModule
  const open: SqlDriverAdapter[] = []
  const opened = (adapter: SqlDriverAdapter) => {
    open.push(adapter)
    return adapter
  }
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: async () => opened(await connect(databaseUrl)),
    // An empty database beside ours, in which migrations are tried out to compare what they make.
    connectToShadowDb: async () => {
      const name = `twig_shadow_${randomBytes(6).toString('hex')}`
      await withClient(databaseUrl, `create database ${name}`)
      const drop = () => withClient(databaseUrl, `drop database if exists ${name}`)
      return opened(await connect(besides(databaseUrl, name), drop))
    },
  })
  const engine = await Engine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, factory)
  try {
    return await work(engine)
  } finally {
    engine.free()
    for (const adapter of open) await adapter.dispose()
  }
}

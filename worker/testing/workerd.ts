import { readFileSync } from 'node:fs'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import ts from 'typescript'
import { passOn } from '../../lib/testing/pass-on'

const FOLDER = join(import.meta.dirname, '..')

/** What is deployed says with which compatibility it runs. */
interface WranglerFile {
  main: string
  compatibility_date: string
  vars: Record<string, string>
}

/** worker/wrangler.jsonc. Throws where it is not JSON with comments. */
export function readWranglerFile(): WranglerFile {
  const file = join(FOLDER, 'wrangler.jsonc')
  const { config, error } = ts.parseConfigFileTextToJson(file, readFileSync(file, 'utf8'))
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'))
  return config as WranglerFile
}

/** The Worker as one module, put together as Cloudflare's own tool does. */
async function bundle(main: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(FOLDER, main)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (!file) throw new Error('esbuild made nothing')
  return file.text
}

interface PlatformOptions {
  /** Variables and secrets of the Worker. */
  bindings: Record<string, string>
  /** Whether a caller may say in X-Forwarded-For where it is: tests tell people apart by that. */
  takesClaims?: boolean
  /** Where to listen; a free port when absent. */
  port?: number
}

/** The Worker in workerd behind a stand-in of Cloudflare's front. */
export interface Platform {
  url: string
  port: number
  /** Where workerd itself listens, past the stand-in. */
  ownPort: number
  /** What the Worker wrote to its log. */
  log(): string
  /** Asks the Worker past the front, as if under this address: what the platform says can be left out. */
  dispatch(url: string, init?: { method?: string; headers?: Record<string, string> }): Promise<Response>
  close(): Promise<void>
}

/** What Cloudflare does before a Worker sees a request: it says who calls, whatever the caller says. */
function announce(request: IncomingMessage, takesClaims: boolean): IncomingMessage['headers'] {
  const { headers } = request
  const claimed = takesClaims
    ? String(headers['x-forwarded-for'] ?? '')
        .split(',')[0]
        ?.trim()
    : ''
  const peer = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  return { ...headers, 'cf-connecting-ip': claimed || peer }
}

/** Starts the Worker in workerd, by worker/wrangler.jsonc. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { main, compatibility_date } = readWranglerFile()
  let log = ''
  const worker = new Miniflare({
    modules: true,
    script: await bundle(main),
    compatibilityDate: compatibility_date,
    bindings: options.bindings,
    cf: false,
    handleRuntimeStdio: (stdout: Readable, stderr: Readable) => {
      for (const stream of [stdout, stderr]) stream.on('data', (chunk: Buffer) => (log += chunk))
    },
  })
  const target = await worker.ready
  // workerd closes a connection on which a body was left unread.
  const agent = new Agent({ keepAlive: false })

  function pass(request: IncomingMessage, response: ServerResponse): void {
    const headers = { ...announce(request, options.takesClaims ?? false), host: target.host }
    passOn(request, response, { hostname: target.hostname, port: target.port, headers, agent })
  }

  const front = createServer({ maxHeaderSize: 128 * 1024, requireHostHeader: false }, pass)
  await new Promise<void>((resolve) => front.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = front.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    port,
    ownPort: Number(target.port),
    log: () => log,
    dispatch: async (url, init) => (await worker.dispatchFetch(url, init)) as unknown as Response,
    async close() {
      front.closeAllConnections()
      await new Promise((resolve) => front.close(resolve))
      await worker.dispose()
    },
  }
}

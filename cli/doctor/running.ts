import type { StartEnv } from '../../lib/env/node'
import { readRunFile } from '../../server/run-file'
import { hasOwnServer, headersAdded, isTwig, probe, type Reply } from './probe'

/** What can be seen of a Twig that runs now. */
export interface Running {
  /** Undefined where another program listens, or none. */
  twig: { pid: number | undefined; hasOwnServer: boolean } | undefined
  /** Where it listens, or where it would. */
  port: number
  /** What answers on that port of this machine. */
  direct: Reply
  /** What answers at APP_URL; asked only while Twig runs. */
  public: Reply | undefined
  /** Headers that something between APP_URL and Twig adds. */
  added: string[]
  /** Whether a page at APP_URL does nothing but redirect to itself. */
  loops: boolean
}

const PAGE = '/docs/errors'

async function redirectsToItself(appUrl: string): Promise<boolean> {
  const reply = await probe(`${appUrl}${PAGE}`)
  return reply.kind === 'answer' && reply.status === 308 && reply.headers.location === `${appUrl}${PAGE}`
}

/** Looks for a Twig of this configuration, on this machine and at APP_URL. */
export async function findRunning(env: StartEnv): Promise<Running> {
  const run = readRunFile(env.dataDir)
  const server = run?.role === 'server' ? run : undefined
  const port = server?.port ?? env.port
  const here = `${env.tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const direct = await probe(`${here}/healthz`, { verifyCertificate: false })
  if (!isTwig(direct)) return { twig: undefined, port, direct, public: undefined, added: [], loops: false }
  const through = await probe(`${env.appUrl}/healthz`)
  return {
    twig: { pid: server?.pid, hasOwnServer: await hasOwnServer(here) },
    port,
    direct,
    public: through,
    added: isTwig(through) ? headersAdded(direct, through) : [],
    loops: env.appUrl.startsWith('https:') && (await redirectsToItself(env.appUrl)),
  }
}

import { z } from 'zod'
import { startProcess } from '../child-process'
import type { LoadGenerator } from '../load/load-generator'
import { goodRequests } from '../requests'
import type { Figure } from './figure'
import { type Contestant, measureThroughput } from './throughput'

const Ready = z.object({ http: z.string(), socket: z.string() })
const ROUNDS = 2

/**
 * Measures what the load generator itself can do: against a plain node:http server, and against a socket that answers
 * without reading. Only what stays well below is a figure of the server.
 * @param body what both answer
 */
export async function measureGenerator(
  generator: LoadGenerator,
  body: string,
  say: (line: string) => void,
): Promise<Figure> {
  const { ready, close } = await startProcess('./plain-host.ts', [], { BENCH_BODY: body })
  const { http, socket } = Ready.parse(ready)
  const contestant = (name: string, url: string): Contestant => {
    return { name, redis: '', url, requests: goodRequests(url, 'none'), expected: 200, against: [] }
  }
  const contestants = [
    contestant('The load generator alone, against a socket', socket),
    contestant('Plain node:http, no Next', http),
  ]
  try {
    return await measureThroughput({ generator, contestants, levels: [16], rounds: ROUNDS, say })
  } finally {
    await close()
  }
}

import cluster, { type Worker } from 'node:cluster'
import { z } from 'zod'
import { newId } from '../lib/core/ids'
import { readInstallation, readProcess } from './metrics-readings'
import { type Family, render, snapshot } from './metrics-text'

/** A worker that is busy for longer than this is left out; Prometheus itself waits for ten seconds. */
const PATIENCE_MS = 2_000
/** What the primary process may take for all of it. */
const ALL_MS = 5_000

const Message = z.object({
  twig: z.enum(['tell-all', 'all', 'tell', 'told']),
  id: z.string(),
  families: z.array(z.custom<Family[]>(Array.isArray)).optional(),
})
type Message = z.infer<typeof Message>

/** What was asked of another process and is not answered yet. */
const waiting = new Map<string, (families: Family[][]) => void>()

function ask(send: (message: Message) => void, twig: Message['twig'], withinMs: number): Promise<Family[][]> {
  const id = newId('req')
  return new Promise((resolve) => {
    const settle = (families: Family[][]) => {
      clearTimeout(timer)
      waiting.delete(id)
      resolve(families)
    }
    const timer = setTimeout(settle, withinMs, [])
    waiting.set(id, settle)
    send({ twig, id })
  })
}

async function ownSnapshot(process: string): Promise<Family[]> {
  readProcess()
  return snapshot(process)
}

/** The figures where one process does everything. */
export async function collectAlone(): Promise<string> {
  await readInstallation()
  return render([await ownSnapshot('main')])
}

function sendTo(worker: Worker) {
  return (message: Message) => {
    if (worker.isConnected()) worker.send(message)
  }
}

async function collectAll(): Promise<Family[][]> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
  const asked = workers.map((worker) => ask(sendTo(worker), 'tell', PATIENCE_MS))
  await readInstallation()
  return [await ownSnapshot('primary'), ...(await Promise.all(asked)).flat()]
}

/** In the primary process: answers a worker's question for the figures of all. */
export function shareMetrics(): void {
  cluster.on('message', (worker, received: unknown) => {
    const message = Message.safeParse(received).data
    if (message?.twig === 'told') waiting.get(message.id)?.(message.families ?? [])
    if (message?.twig !== 'tell-all') return
    // Whoever asked gives up by itself.
    collectAll()
      .then((families) => sendTo(worker)({ twig: 'all', id: message.id, families }))
      .catch(() => undefined)
  })
}

/**
 * In a worker process: tells its own figures when asked.
 * @param name of the process
 * @returns what asks the primary process for the figures of all, and rejects where it does not answer
 */
export function joinMetrics(name: string): () => Promise<string> {
  const send = (message: Message) => void process.send?.(message)
  process.on('message', (received: unknown) => {
    const message = Message.safeParse(received).data
    if (message?.twig === 'all') waiting.get(message.id)?.(message.families ?? [])
    if (message?.twig !== 'tell') return
    ownSnapshot(name)
      .then((families) => send({ twig: 'told', id: message.id, families: [families] }))
      .catch(() => undefined)
  })
  return async () => {
    const families = await ask(send, 'tell-all', ALL_MS)
    if (families.length === 0) throw new Error('the primary process does not answer')
    return render(families)
  }
}

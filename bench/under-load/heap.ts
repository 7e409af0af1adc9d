import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'undici'

const OPENED_WITHIN_MS = 5_000
const ANSWERED_WITHIN_MS = 60_000

/** What a process holds after everything that nobody refers to was collected, in MiB. */
export interface Held {
  /** Objects of the engine's heap. */
  heapMiB: number
  /** Buffers and what else its objects hold beside it. */
  besideMiB: number
}

/** A process whose output is read: Node tells there where its inspector listens. */
interface Inspected {
  pid: number
  log: () => string
}

async function inspectorOf({ pid, log }: Inspected): Promise<string> {
  const listening = () => /Debugger listening on (ws:\S+)/.exec(log())?.[1]
  const deadline = Date.now() + OPENED_WITHIN_MS
  if (!listening()) process.kill(pid, 'SIGUSR1')
  while (Date.now() < deadline) {
    const url = listening()
    if (url) return url
    await sleep(50)
  }
  throw new Error('The inspector of the server did not open; is port 9229 taken?')
}

interface Command {
  id: number
  method: string
  params?: Record<string, string>
}

function ask(socket: WebSocket, command: Command): Promise<{ result: { value: string } }> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`${command.method} was not answered`))
    setTimeout(late, ANSWERED_WITHIN_MS).unref()
    socket.addEventListener('error', () => reject(new Error('The inspector broke off')))
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data))
      if (answer.id === command.id) resolve(answer.result)
    })
    socket.send(JSON.stringify(command))
  })
}

/**
 * Collects a process's garbage and counts what is left, by its inspector, which listens on 127.0.0.1:9229 from then on.
 * @throws Error when it does not open or does not answer
 * @see https://chromedevtools.github.io/devtools-protocol/v8/
 */
export async function heldBy(inspected: Inspected): Promise<Held> {
  const socket = new WebSocket(await inspectorOf(inspected))
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () => reject(new Error('The inspector cannot be reached')))
    })
    await ask(socket, { id: 1, method: 'HeapProfiler.collectGarbage' })
    const params = { expression: 'JSON.stringify(process.memoryUsage())' }
    const { result } = await ask(socket, { id: 2, method: 'Runtime.evaluate', params })
    const { heapUsed, external } = JSON.parse(result.value) as NodeJS.MemoryUsage
    return { heapMiB: heapUsed / 2 ** 20, besideMiB: external / 2 ** 20 }
  } finally {
    socket.close()
  }
}

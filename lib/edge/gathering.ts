import type { Redis } from '@upstash/redis'

/** A slower call is not waited for: where Redis is far away, to wait for two of its answers would cost a budget. */
const WAIT_MS = 20

interface Question {
  sha1: string
  keys: string[]
  args: unknown[]
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * Runs scripts by their digests; what is asked while a call is under way goes together in the next one, after 20 ms beside it. A call over
 * REST is a fetch in the sandbox and a request to another server; under load many share one. Only for a host whose
 * requests may wait for each other's I/O: an edge platform forbids it.
 * @param bounded ends a call once its budget is spent, so that a dead one holds nobody up
 */
export function gathering(
  client: Pick<Redis, 'pipeline'>,
  bounded: <T>(answer: Promise<T>) => Promise<T>,
): (sha1: string, keys: string[], args: unknown[]) => Promise<unknown> {
  let waiting: Question[] = []
  let calls = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function send(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const questions = waiting
    waiting = []
    calls += 1
    try {
      const pipeline = client.pipeline()
      for (const { sha1, keys, args } of questions) pipeline.evalsha(sha1, keys, args)
      const answers = await bounded(pipeline.exec({ keepErrors: true }))
      for (const [at, { resolve, reject }] of questions.entries()) {
        const answer = answers[at]
        if (answer && answer.error === undefined) resolve(answer.result)
        else reject(new Error(answer?.error ?? 'Redis left a question unanswered'))
      }
    } catch (error) {
      for (const { reject } of questions) reject(error)
    } finally {
      calls -= 1
      if (waiting.length > 0) void send()
    }
  }

  return (sha1, keys, args) =>
    new Promise((resolve, reject) => {
      waiting.push({ sha1, keys, args, resolve, reject })
      if (calls === 0) void send()
      else timer ??= setTimeout(send, WAIT_MS)
    })
}

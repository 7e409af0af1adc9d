/** A server that could not be reached is passed over for this long, as long as there are others. */
const PASSED_OVER_MS = 5_000

/** What Cloudflare answers in place of a server that it cannot reach. Twig itself has none of these. */
const UNREACHED_FROM = 520
const UNREACHED_TO = 530

/** The servers behind the Worker, asked in turn. */
export interface Origins {
  /**
   * Sends a request to one of them; what can be sent again goes to the next where one cannot be reached.
   * @param isRepeatable whether the request means the same when it arrives twice
   * @throws when none could be reached
   */
  send(path: string, init: RequestInit, isRepeatable: boolean): Promise<Response>
}

/** Plain data only: requests of an edge platform must not wait for each other. */
export function originsOf(urls: readonly string[], nowMs: () => number): Origins {
  const downUntilMs = new Map<string, number>()
  let turn = 0

  /** The next in turn first, those that failed a moment ago last. */
  function inTurn(): string[] {
    const from = turn++ % urls.length
    const order = [...urls.slice(from), ...urls.slice(0, from)]
    const isDown = (url: string) => (downUntilMs.get(url) ?? 0) > nowMs()
    return [...order.filter((url) => !isDown(url)), ...order.filter(isDown)]
  }

  return {
    async send(path, init, isRepeatable) {
      let cause: unknown
      for (const url of inTurn()) {
        try {
          const answer = await fetch(url + path, init)
          if (answer.status < UNREACHED_FROM || answer.status > UNREACHED_TO) return answer
          cause = new Error(`the server answered ${answer.status}`)
          await answer.body?.cancel()
        } catch (error) {
          cause = error
        }
        downUntilMs.set(url, nowMs() + PASSED_OVER_MS)
        if (!isRepeatable) break
      }
      throw new Error('no server could be reached', { cause })
    },
  }
}

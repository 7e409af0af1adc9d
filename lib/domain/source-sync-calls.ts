import { stepAfter } from '../core/source-sync'
import { type ConnectorFiles, ProviderFailure } from '../store/connectors/connector'
import { connectorOf } from '../store/connectors/providers'
import { freshAccessToken } from './connection-tokens'
import type { SyncPlace } from './remote-documents'

/** A token is looked up again after so long, so that an hour of work needs no thousand look-ups. */
const TOKEN_MS = 30_000

/** Clock, patience and chance of whoever syncs. */
export interface SyncTools {
  now: () => Date
  /** Resolves after so long; rejects when the process is ending. */
  wait: (ms: number) => Promise<unknown>
  /** From 0 to 1. */
  random: () => number
}

/** There is no token to call with, for now or for good; the connection says so already. */
export class NoToken extends Error {
  constructor(readonly failure: ProviderFailure) {
    super(failure.message, { cause: failure })
  }
}

interface Token {
  accessToken: string
  files: ConnectorFiles
  paceMs: number
  until: number
}

/** Calls of one source: with a token that is good, no faster than the provider likes, and again where that helps. */
export class ProviderCalls {
  readonly #place: SyncPlace
  readonly #tools: SyncTools
  readonly #onBusy: (until: Date) => Promise<void>
  #token: Token | null = null
  #earliest = 0

  /** @param onBusy told before it waits because the provider asks for it */
  constructor(place: SyncPlace, tools: SyncTools, onBusy: (until: Date) => Promise<void>) {
    this.#place = place
    this.#tools = tools
    this.#onBusy = onBusy
  }

  /** Throws ProviderFailure once no try on the spot helps, and NoToken. */
  async call<T>(ask: (files: ConnectorFiles, accessToken: string) => Promise<T>): Promise<T> {
    for (let tries = 1, isFresh = false; ; tries += 1) {
      const { files, accessToken, paceMs } = await this.#fresh()
      await this.#pace(paceMs)
      try {
        return await ask(files, accessToken)
      } catch (error) {
        if (!(error instanceof ProviderFailure)) throw error
        const step = stepAfter(error, { tries, isFresh }, this.#tools.random())
        if (step.kind === 'give_up') throw error
        if (step.kind === 'refresh') {
          await this.#refresh(accessToken)
          isFresh = true
        } else {
          if (error.kind === 'rate_limited') await this.#onBusy(this.#after(step.ms))
          await this.#tools.wait(step.ms)
        }
      }
    }
  }

  #after(ms: number): Date {
    return new Date(this.#tools.now().getTime() + ms)
  }

  async #pace(paceMs: number): Promise<void> {
    const now = this.#tools.now().getTime()
    const begin = Math.max(now, this.#earliest)
    this.#earliest = begin + paceMs
    // Also for nothing: between two calls a process that is ending stops, and requests have their turn.
    await this.#tools.wait(begin - now)
  }

  async #fresh(): Promise<Token> {
    if (this.#token && this.#token.until > this.#tools.now().getTime()) return this.#token
    return this.#refresh()
  }

  async #refresh(refused?: string): Promise<Token> {
    try {
      const options = refused === undefined ? {} : { refused }
      const { provider, accessToken } = await freshAccessToken(this.#place, options)
      const { files, paceMs } = connectorOf(provider)
      this.#token = { accessToken, files, paceMs, until: this.#after(TOKEN_MS).getTime() }
      return this.#token
    } catch (error) {
      this.#token = null
      throw error instanceof ProviderFailure ? new NoToken(error) : error
    }
  }
}

'use client'

import { useCallback, useEffect, useRef, useState } from 'react'

export interface ProviderModels {
  state: 'idle' | 'pending' | 'ready' | 'failed'
  models: readonly string[]
  /** Why there is no list. */
  problem: string | null
}

const IDLE: ProviderModels = { state: 'idle', models: [], problem: null }
const NO_ANSWER = 'Twig did not answer.'

function textOf(body: unknown, name: string): string | undefined {
  const value = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

async function ask(keyId: string, signal: AbortSignal): Promise<ProviderModels> {
  const failed = (problem: string): ProviderModels => ({ state: 'failed', models: [], problem })
  try {
    const answer = await fetch(`/settings/external-keys/${keyId}/models`, { signal, cache: 'no-store' })
    const body: unknown = await answer.json()
    if (!answer.ok) return failed(textOf(body, 'detail') ?? textOf(body, 'message') ?? NO_ANSWER)
    const models: unknown = Reflect.get(Object(body), 'models')
    const names = Array.isArray(models) ? models.filter((name) => typeof name === 'string') : []
    return { state: 'ready', models: names, problem: null }
  } catch {
    return failed(NO_ANSWER)
  }
}

/**
 * The models that the provider of a key lists, asked for when `load` is called; a provider has up to 15 s. A fetch of its
 * own, since a form's action would wait for it. One that failed is asked again by the next `load`.
 */
export function useProviderModels(keyId: string | null): ProviderModels & { load: () => void } {
  const [found, setFound] = useState<{ keyId: string; list: ProviderModels } | null>(null)
  const asking = useRef<AbortController | null>(null)
  const list = found !== null && found.keyId === keyId ? found.list : IDLE

  const load = useCallback(async () => {
    if (keyId === null || list.state === 'pending' || list.state === 'ready') return
    asking.current?.abort()
    const controller = new AbortController()
    asking.current = controller
    setFound({ keyId, list: { ...IDLE, state: 'pending' } })
    const answer = await ask(keyId, controller.signal)
    if (!controller.signal.aborted) setFound({ keyId, list: answer })
  }, [keyId, list.state])

  useEffect(() => () => asking.current?.abort(), [])
  return { ...list, load }
}

'use client'

import { useState, useTransition } from 'react'
import type { ActionFailure, ActionResult } from '@/lib/core/action-result'

const NO_ANSWER: ActionFailure = {
  code: 'temporarily_unavailable',
  error: 'No answer',
  message: 'Twig did not answer. What you typed is still here; try again.',
  fields: {},
}

/**
 * Runs a form's action: `submit(input, onDone)` calls `onDone` with the value when all went well, and keeps the failure
 * otherwise. `attempt` changes with each failure; give it to `FormError` as its key.
 */
export function useAction<I, T>(run: (input: I) => Promise<ActionResult<T>>) {
  const [pending, startTransition] = useTransition()
  const [failure, setFailure] = useState<ActionFailure>()
  const [attempt, setAttempt] = useState(0)

  function submit(input: I, onDone: (value: T) => void) {
    startTransition(async () => {
      const result = await run(input).catch(() => ({ ok: false as const, error: NO_ANSWER }))
      if (result.ok) {
        setFailure(undefined)
        onDone(result.value)
      } else {
        setFailure(result.error)
        setAttempt((before) => before + 1)
      }
    })
  }

  return { pending, failure, attempt, submit }
}

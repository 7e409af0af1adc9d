'use client'

import { useCallback, useEffect, useRef, useState } from 'react'
import type { Answer, Payer } from '@/lib/core/answer-schemas'
import { failureOf, type TurnEvent, type TurnFailure, turnEvents } from './turn-events'

/** A question with what came of it so far. */
export interface Turn {
  id: number
  question: string
  /** Of the session that it went on with. */
  sessionId: string | undefined
  state: 'pending' | 'done' | 'failed' | 'stopped'
  text: string
  payer: Payer | null
  answer: Answer | null
  failure: TurnFailure | null
}

function after(turn: Turn, event: TurnEvent): Turn {
  switch (event.kind) {
    case 'payer':
      return { ...turn, payer: event.payer }
    case 'text':
      return { ...turn, text: turn.text + event.text }
    case 'done': {
      const { answer } = event
      return { ...turn, state: 'done', answer, text: answer.response, payer: answer.billed_to }
    }
    case 'failed':
      return { ...turn, state: 'failed', failure: event.failure }
  }
}

/** A conversation with an agent as it goes on: `ask`, `stop` the answer that is being written, begin `anew`. */
export function useConversation(agentId: string, onEnd: (turn: Turn) => void) {
  const [turns, setTurns] = useState<readonly Turn[]>([])
  const asking = useRef<AbortController | null>(null)
  const session = useRef<string | undefined>(undefined)
  const count = useRef(0)

  const ask = useCallback(
    async (question: string) => {
      if (asking.current) return
      const controller = new AbortController()
      asking.current = controller
      const sessionId = session.current
      count.current += 1
      let turn: Turn = {
        id: count.current,
        question,
        sessionId,
        state: 'pending',
        text: '',
        payer: null,
        answer: null,
        failure: null,
      }
      const show = (next: Turn) => {
        // Whoever began anew wants nothing of it shown.
        if (asking.current !== controller) return
        turn = next
        setTurns((all) => [...all.filter(({ id }) => id !== next.id), next])
      }
      show(turn)
      try {
        const answer = await fetch(`/agents/${agentId}/chat`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ message: question, ...(sessionId && { session_id: sessionId }) }),
          signal: controller.signal,
        })
        for await (const event of turnEvents(answer)) show(after(turn, event))
      } catch {
        if (!controller.signal.aborted) show({ ...turn, state: 'failed', failure: failureOf(null) })
      }
      if (controller.signal.aborted && turn.state === 'pending') show({ ...turn, state: 'stopped' })
      if (asking.current !== controller) return
      asking.current = null
      if (turn.answer) session.current = turn.answer.session_id
      onEnd(turn)
    },
    [agentId, onEnd],
  )

  const stop = useCallback(() => asking.current?.abort(), [])

  const startAnew = useCallback(() => {
    asking.current?.abort()
    asking.current = null
    session.current = undefined
    setTurns([])
  }, [])

  useEffect(() => () => asking.current?.abort(), [])
  return { turns, isPending: turns.at(-1)?.state === 'pending', ask, stop, startAnew }
}

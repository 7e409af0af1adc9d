'use client'

import { MessageSquarePlus } from 'lucide-react'
import { useRouter, useSearchParams } from 'next/navigation'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Agent } from '@/lib/core/schemas'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { Card } from '../../../_ui/card'
import { CodeBlock } from '../../../_ui/code-block'
import { TextLink } from '../../../_ui/text-link'
import { isAnswering } from '../../is-answering'
import { Composer } from './composer'
import { curlSample } from './samples'
import { TurnView } from './turn-view'
import { type Turn, useConversation } from './use-conversation'

/** How far below the screen the end of the conversation may be to be followed. */
const FOLLOWED_PX = 240

interface PlaygroundProps {
  agent: Agent
  /** Of the agent's environment. */
  base: string
  /** The sources are quoted, since no model is configured. */
  isExtractive: boolean
  /** As the page shows it; true with Twig's models. */
  isKeyWell: boolean
  billedTo: string
}

/** A conversation with the agent as it is saved, streamed as a program would get it. */
export function Playground({ agent, base, isExtractive, isKeyWell, billedTo }: PlaygroundProps) {
  const router = useRouter()
  const [draft, setDraft] = useState('')
  const [spoken, setSpoken] = useState('')
  const tab = useSearchParams().get('tab')
  /** Whether the list of interactions lacks what was asked here. */
  const isStale = useRef(false)
  const end = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)

  const refresh = useCallback(async () => {
    isStale.current = false
    if (await isAnswering()) router.refresh()
  }, [router])

  const onEnd = useCallback(
    (turn: Turn) => {
      // Read out as a whole: every piece of a stream would interrupt the one before.
      setSpoken(spokenText(turn))
      isStale.current = true
      const isRejected = turn.failure?.code === 'external_key_rejected'
      // The page's warning about the key comes and goes with it.
      if (isRejected ? isKeyWell : !isKeyWell && turn.state === 'done') void refresh()
    },
    [isKeyWell, refresh],
  )
  useEffect(() => {
    if (tab === 'interactions' && isStale.current) void refresh()
  }, [tab, refresh])
  const { turns, isPending, ask, stop, startAnew } = useConversation(agent.id, onEnd)
  const last = turns.at(-1)

  const written = `${last?.id}:${last?.text.length}:${last?.state}`
  useEffect(() => {
    const mark = end.current
    if (!mark || written.startsWith('undefined')) return
    const belowPx = mark.getBoundingClientRect().top - window.innerHeight
    // Whoever scrolled up to read is left where they are.
    if (belowPx < FOLLOWED_PX || written.endsWith(':0:pending')) mark.scrollIntoView({ block: 'nearest' })
  }, [written])

  function send() {
    const question = draft.trim()
    if (question === '' || isPending) return
    setDraft('')
    setSpoken('')
    // The button that was pressed is gone.
    field.current?.focus()
    void ask(question)
  }

  function stopHere() {
    field.current?.focus()
    stop()
  }

  const question = draft.trim() || last?.question || 'How do I reset my password?'
  const session = draft.trim() === '' ? last?.sessionId : (last?.answer?.session_id ?? last?.sessionId)
  const body = {
    agent_id: agent.id,
    message: question,
    ...(session && { session_id: session }),
    stream: true,
  }
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      {isExtractive && (
        <Banner title="This agent quotes its sources word for word">
          No model is configured for it, so Twig’s own twig-extractive answers, without any provider. For
          written answers add a key in{' '}
          <TextLink href="/settings/external-keys">Settings → External API Keys</TextLink> and choose it under{' '}
          <TextLink href={`/agents/${agent.id}`}>Configuration</TextLink>.
        </Banner>
      )}
      <Card>
        <div className="flex min-h-12 flex-wrap items-center justify-between gap-x-4 gap-y-2 border-border border-b px-4 py-2 sm:px-5">
          <p className="text-muted text-sm">{billedTo}</p>
          <Button
            size="sm"
            disabled={turns.length === 0}
            onClick={() => {
              startAnew()
              field.current?.focus()
            }}
          >
            <MessageSquarePlus aria-hidden="true" />
            New conversation
          </Button>
        </div>
        <div className="grid min-h-40 content-start gap-6 px-4 py-5 sm:px-5">
          {turns.length === 0 && (
            <p className="place-self-center py-10 text-center text-muted">
              Ask what your users will ask. The conversation remembers what was said.
            </p>
          )}
          {turns.map((turn, place) => (
            <TurnView
              key={turn.id}
              turn={turn}
              agentName={agent.name}
              before={turns[place - 1]}
              hidesNotice={isExtractive}
              onRetry={turn === last && !isPending ? () => void ask(turn.question) : undefined}
            />
          ))}
          <div ref={end} />
        </div>
        <Composer
          ref={field}
          value={draft}
          onValueChange={setDraft}
          isPending={isPending}
          onSend={send}
          onStop={stopHere}
        />
      </Card>
      <output aria-live="polite" className="sr-only">
        {spoken}
      </output>
      <CodeBlock
        samples={[{ label: 'The same request as curl', code: curlSample(`${base}/chat`, body) }]}
        wrap
      />
    </div>
  )
}

function spokenText({ state, text, failure }: Turn): string {
  if (state === 'failed') return `${failure?.error}. ${failure?.message}`
  return state === 'stopped' ? `Stopped. ${text}` : text
}

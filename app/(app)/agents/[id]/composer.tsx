'use client'

import { ArrowUp, Square } from 'lucide-react'
import type { FormEvent, KeyboardEvent, Ref } from 'react'
import { Button } from '../../../_ui/button'
import { Kbd } from '../../../_ui/kbd'
import { SubmitButton } from '../../../_ui/submit-button'
import { Textarea } from '../../../_ui/textarea'

interface ComposerProps {
  ref: Ref<HTMLTextAreaElement>
  value: string
  onValueChange: (value: string) => void
  isPending: boolean
  onSend: () => void
  onStop: () => void
}

const MESSAGE_MAX = 32_000

/** Where a message is written: Enter sends it, Shift+Enter begins a line. */
export function Composer({ ref, value, onValueChange, isPending, onSend, onStop }: ComposerProps) {
  function submit(event: FormEvent) {
    event.preventDefault()
    onSend()
  }

  function onKeyDown(event: KeyboardEvent) {
    // Enter ends a word that is being composed (Chinese, Japanese) before it sends anything.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    onSend()
  }

  return (
    <form onSubmit={submit} className="grid gap-2 rounded-b-lg border-border border-t bg-surface p-3 sm:p-4">
      <Textarea
        ref={ref}
        aria-label="Message"
        rows={2}
        maxLength={MESSAGE_MAX}
        placeholder="Ask the agent something"
        value={value}
        onChange={(event) => onValueChange(event.target.value)}
        onKeyDown={onKeyDown}
        className="field-sizing-content max-h-60"
      />
      <div className="flex items-center justify-between gap-3">
        <p className="text-muted text-sm max-sm:invisible">
          <Kbd>Enter</Kbd> sends, <Kbd>Shift</Kbd> <Kbd>Enter</Kbd> begins a line
        </p>
        {isPending ? (
          <Button onClick={onStop}>
            <Square aria-hidden="true" />
            Stop
          </Button>
        ) : (
          <SubmitButton disabled={value.trim() === ''}>
            <ArrowUp aria-hidden="true" />
            Send
          </SubmitButton>
        )}
      </div>
    </form>
  )
}

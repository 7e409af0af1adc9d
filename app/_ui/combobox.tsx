'use client'

import { ChevronDown } from 'lucide-react'
import { type KeyboardEvent, useId, useRef, useState } from 'react'
import { cn } from './cn'
import { controlStyles } from './control-styles'
import { useFieldAttributes } from './field-context'

type ComboboxProps = {
  name?: string
  value: string
  onValueChange: (value: string) => void
  /** What is offered; anything else may be typed. */
  options: readonly string[]
  /** Told when the list opens, so that options can be fetched only then. */
  onOpen?: () => void
  placeholder?: string | undefined
  maxLength?: number
}

/** Text typed freely, with suggestions: the editable combobox of the ARIA practices, with a list. */
export function Combobox({ value, onValueChange, options, onOpen, ...props }: ComboboxProps) {
  const wired = useFieldAttributes({})
  const listId = useId()
  const input = useRef<HTMLInputElement>(null)
  const [isOpen, setOpen] = useState(false)
  // Until something is typed the whole list is shown, not only what resembles the present value.
  const [isNarrowed, setNarrowed] = useState(false)
  const [active, setActive] = useState(-1)
  const needle = isNarrowed ? value.trim().toLowerCase() : ''
  const shown = options.filter((option) => option.toLowerCase().includes(needle))
  const hasPopup = isOpen && shown.length > 0

  function open() {
    if (isOpen) return
    setOpen(true)
    setNarrowed(false)
    setActive(-1)
    onOpen?.()
  }

  function close() {
    setOpen(false)
    setActive(-1)
  }

  function choose(option: string) {
    onValueChange(option)
    close()
    input.current?.focus()
  }

  function type(text: string) {
    onValueChange(text)
    if (!isOpen) open()
    setNarrowed(true)
    setActive(-1)
  }

  function move(step: number) {
    open()
    if (shown.length > 0)
      setActive((at) => (at + step + (at < 0 && step < 0 ? 1 : 0) + shown.length) % shown.length)
  }

  function onKeyDown(event: KeyboardEvent) {
    const option = shown[active]
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') move(event.key === 'ArrowDown' ? 1 : -1)
    else if (event.key === 'Enter' && isOpen && option !== undefined) choose(option)
    else if (event.key === 'Escape' && isOpen) close()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div className="relative">
      <input
        {...props}
        {...wired}
        ref={input}
        role="combobox"
        aria-expanded={hasPopup}
        aria-controls={hasPopup ? listId : undefined}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={value}
        onChange={(event) => type(event.target.value)}
        onClick={open}
        onBlur={close}
        onKeyDown={onKeyDown}
        className={cn(controlStyles, 'pr-9')}
      />
      <ChevronDown
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 right-3 size-4 -translate-y-1/2 text-muted"
      />
      {hasPopup && (
        <div className="absolute inset-x-0 top-full z-40 mt-1 animate-rise overflow-hidden rounded-lg border border-border bg-raised shadow-overlay">
          <div id={listId} role="listbox" aria-label="Suggestions" className="max-h-64 overflow-y-auto p-1">
            {shown.map((option, place) => (
              <div
                key={option}
                id={`${listId}-${place}`}
                role="option"
                tabIndex={-1}
                aria-selected={option === value}
                ref={(element) => {
                  if (place === active) element?.scrollIntoView({ block: 'nearest' })
                }}
                // The field keeps the focus, or the list would be gone before the click.
                onMouseDown={(event) => event.preventDefault()}
                onPointerUp={() => choose(option)}
                className={cn(
                  'wrap-anywhere flex min-h-9 cursor-default items-center rounded-sm px-2 py-1.5 sm:min-h-8',
                  place === active ? 'bg-hover' : 'hover:bg-hover',
                  option === value && 'font-medium',
                )}
              >
                {option}
              </div>
            ))}
          </div>
        </div>
      )}
    </div>
  )
}

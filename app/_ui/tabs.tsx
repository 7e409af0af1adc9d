'use client'

import { useSearchParams } from 'next/navigation'
import { Tabs as Radix } from 'radix-ui'
import { type ComponentProps, type ReactNode, useState } from 'react'
import { cn } from './cn'

type TabsProps = {
  /** The values of its tabs; the first is open unless the address says otherwise. */
  values: readonly [string, ...string[]]
  /** The query parameter that says which tab is open, so that a tab can be linked to. */
  param: string
  className?: string
  children: ReactNode
}

/**
 * Panels of which one shows, as the address says; choosing one changes the address without a request. Children: a
 * `TabsList` of `TabsTrigger`s, then `TabsContent`s.
 */
export function Tabs({ values, param, className, children }: TabsProps) {
  const asked = useSearchParams().get(param)
  const addressed = asked !== null && values.includes(asked) ? asked : values[0]
  const [open, setOpen] = useState(addressed)
  const [followed, setFollowed] = useState(addressed)
  if (followed !== addressed) {
    setFollowed(addressed)
    setOpen(addressed)
  }

  // The address as the router knows it waits for whatever the router is doing; whoever chose a tab does not.
  function choose(value: string) {
    setOpen(value)
    const url = new URL(window.location.href)
    if (value === values[0]) url.searchParams.delete(param)
    else url.searchParams.set(param, value)
    window.history.replaceState(null, '', url)
  }
  return (
    <Radix.Root value={open} onValueChange={choose} className={className}>
      {children}
    </Radix.Root>
  )
}

/** The row of tabs; `label` names it for screen readers. */
export function TabsList({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Radix.List
      aria-label={label}
      className="mb-6 flex gap-5 overflow-x-auto border-border border-b [scrollbar-width:none]"
    >
      {children}
    </Radix.List>
  )
}

/** One tab. */
export function TabsTrigger({ className, ...props }: ComponentProps<typeof Radix.Trigger>) {
  return (
    <Radix.Trigger
      {...props}
      className={cn(
        'relative h-10 shrink-0 text-muted outline-offset-[-2px] hover:text-foreground data-[state=active]:text-foreground',
        'after:absolute after:inset-x-0 after:bottom-0 after:h-0.5 data-[state=active]:after:bg-accent',
        className,
      )}
    />
  )
}

/** The panel of one tab. */
export const TabsContent = Radix.Content

'use client'

import { Tabs as Radix } from 'radix-ui'
import { cn } from './cn'
import { CopyButton } from './copy-button'
import { ScrollRegion } from './scroll-region'

export type CodeSample = { label: string; code: string }

type CodeBlockProps = {
  /** One sample, or several as tabs ("curl", "JavaScript", "Python"). */
  samples: CodeSample[]
  /** What they do, for telling several blocks of a page apart: "Query". */
  subject?: string
  /** Break long lines instead of scrolling sideways. */
  wrap?: boolean
  className?: string
}

function Code({ code, label, subject, wrap }: CodeSample & { subject: string | undefined; wrap: boolean }) {
  const pre = (
    <pre
      className={cn(
        'p-4 font-mono text-sm',
        wrap ? 'wrap-anywhere whitespace-pre-wrap' : 'w-max min-w-full pr-12',
      )}
    >
      <code>{code}</code>
    </pre>
  )
  if (wrap) return pre
  return <ScrollRegion label={named(subject, `${label} sample`)}>{pre}</ScrollRegion>
}

/** "curl sample", or "Query: curl sample". */
function named(subject: string | undefined, text: string): string {
  return subject ? `${subject}: ${text}` : text
}

const headStyles = 'flex h-10 items-center justify-between gap-3 border-border border-b pr-1 pl-4'

/** Code to read and to copy. With one sample its label is the heading, with several they are tabs. */
export function CodeBlock({ samples, subject, wrap = false, className }: CodeBlockProps) {
  const first = samples[0]
  if (!first) return null
  const boxStyles = cn('overflow-hidden rounded-lg border border-border bg-surface', className)
  if (samples.length === 1) {
    return (
      <div className={boxStyles}>
        <div className={headStyles}>
          <span className="truncate text-muted text-sm">{first.label}</span>
          <CopyButton value={first.code} label={named(subject, `Copy ${first.label} sample`)} />
        </div>
        <Code {...first} subject={subject} wrap={wrap} />
      </div>
    )
  }
  return (
    <Radix.Root defaultValue={first.label} className={boxStyles}>
      <div className={headStyles}>
        <Radix.List
          aria-label={named(subject, 'Language')}
          className="flex h-full gap-4 overflow-x-auto [scrollbar-width:none]"
        >
          {samples.map((sample) => (
            <Radix.Trigger
              key={sample.label}
              value={sample.label}
              className="relative h-full min-w-6 shrink-0 text-muted text-sm outline-offset-[-2px] after:absolute after:inset-x-0 after:bottom-0 after:h-px hover:text-foreground data-[state=active]:text-foreground data-[state=active]:after:bg-foreground"
            >
              {sample.label}
            </Radix.Trigger>
          ))}
        </Radix.List>
        {samples.map((sample) => (
          <Radix.Content key={sample.label} value={sample.label} asChild tabIndex={-1}>
            <span>
              <CopyButton value={sample.code} label={named(subject, `Copy ${sample.label} sample`)} />
            </span>
          </Radix.Content>
        ))}
      </div>
      {samples.map((sample) => (
        <Radix.Content key={sample.label} value={sample.label} className="outline-offset-[-2px]">
          <Code {...sample} subject={subject} wrap={wrap} />
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}

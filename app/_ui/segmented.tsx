import Link from 'next/link'
import { cn } from './cn'
import { LinkPendingText } from './link-pending'

type SegmentedProps = {
  /** Names the group for screen readers: "Environment". */
  label: string
  items: { href: string; label: string; current: boolean }[]
}

/** A few links side by side of which one is where you are: Live/Test, 24 h/7 d/30 d. */
export function Segmented({ label, items }: SegmentedProps) {
  return (
    <nav aria-label={label} className="inline-flex rounded-md border border-border bg-surface p-0.5">
      {items.map((item) => (
        <Link
          key={item.href}
          href={item.href}
          scroll={false}
          aria-current={item.current ? 'page' : undefined}
          className={cn(
            'inline-flex h-7.5 items-center rounded-sm border border-transparent px-3 text-muted text-sm hover:text-foreground',
            item.current && 'border-border bg-raised font-medium text-foreground',
          )}
        >
          <LinkPendingText>{item.label}</LinkPendingText>
        </Link>
      ))}
    </nav>
  )
}

import { cn } from './cn'

/** The mark: a twig that is also a key. Its leaf is the bow, its buds are the bit. */
export function LogoMark({ className }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      aria-hidden="true"
      className={cn('size-6 shrink-0 text-accent', className)}
    >
      <path d="M9.2 14.8C6.6 8.4 11 2.6 21 3c.4 10-5.4 14.4-11.8 11.8Z" fill="currentColor" />
      <path d="M16.2 7.8 10.4 13.6" stroke="var(--background)" strokeWidth="1.5" strokeLinecap="round" />
      <path
        d="M10 14 3 21M5.4 18.6l2.9 2.2M7.8 16.2l2.6 2"
        stroke="currentColor"
        strokeWidth="2.1"
        strokeLinecap="round"
      />
    </svg>
  )
}

/** The mark with the name beside it. */
export function Logo({ className }: { className?: string }) {
  return (
    <span className={cn('inline-flex items-center gap-2 font-semibold text-lg tracking-tight', className)}>
      <LogoMark />
      Twig
    </span>
  )
}

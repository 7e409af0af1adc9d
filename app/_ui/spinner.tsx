import { cn } from './cn'

/** A turning ring. Decorative without `label`; with it, a status that screen readers hear. */
export function Spinner({ label, className }: { label?: string; className?: string }) {
  const ring = (
    <svg
      viewBox="0 0 16 16"
      fill="none"
      aria-hidden="true"
      className={cn('size-4 animate-spin motion-reduce:animate-none', className)}
    >
      <circle cx="8" cy="8" r="6.25" stroke="currentColor" strokeWidth="1.5" opacity="0.25" />
      <path
        d="M14.25 8A6.25 6.25 0 0 0 8 1.75"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
      />
    </svg>
  )
  if (!label) return ring
  return (
    <output className="inline-flex items-center gap-2 text-muted text-sm">
      {ring}
      {label}
    </output>
  )
}

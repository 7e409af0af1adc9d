import { cn } from './cn'

function initialsOf(name: string) {
  const words = name.split(/[\s@._-]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return letters.map((word) => Array.from(word ?? '?')[0]?.toUpperCase()).join('')
}

/** The initials of a person or organization; decorative, the name stands beside it. */
export function Avatar({
  name,
  square = false,
  className,
}: {
  name: string
  square?: boolean
  className?: string
}) {
  return (
    <span
      aria-hidden="true"
      className={cn(
        'inline-grid size-7 shrink-0 place-items-center border border-border bg-hover font-medium text-[0.6875rem] text-foreground select-none',
        square ? 'rounded-md' : 'rounded-full',
        className,
      )}
    >
      {initialsOf(name)}
    </span>
  )
}

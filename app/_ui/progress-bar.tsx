type ProgressBarProps = {
  /** What goes on, for screen readers. */
  label: string
  /** From 0 to 100. */
  percent: number
}

/** How far something has come. */
export function ProgressBar({ label, percent }: ProgressBarProps) {
  return (
    <div className="h-1.5 overflow-hidden rounded-full bg-hover">
      <progress className="sr-only" aria-label={label} max={100} value={percent} />
      <div
        aria-hidden="true"
        className="h-full rounded-full bg-accent transition-[width] duration-150"
        style={{ width: `${percent}%` }}
      />
    </div>
  )
}

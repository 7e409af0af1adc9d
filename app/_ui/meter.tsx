type MeterProps = {
  label: string
  value: number
  max: number /** "87 of 100" unless said otherwise. */
  text?: string
}

/** How much of something is left, e.g. of a rate-limit bucket. */
export function Meter({ label, value, max, text = `${value} of ${max}` }: MeterProps) {
  const percent = max > 0 ? Math.min(100, Math.max(0, (value / max) * 100)) : 0
  return (
    <div className="grid gap-1.5">
      <div aria-hidden="true" className="flex items-baseline justify-between gap-3 text-sm">
        <span>{label}</span>
        <span className="text-muted tabular-nums">{text}</span>
      </div>
      <meter className="sr-only" aria-label={label} aria-valuetext={text} min={0} max={max} value={value} />
      <div aria-hidden="true" className="h-1.5 overflow-hidden rounded-full bg-hover">
        <div className="h-full rounded-full bg-accent" style={{ width: `${percent}%` }} />
      </div>
    </div>
  )
}

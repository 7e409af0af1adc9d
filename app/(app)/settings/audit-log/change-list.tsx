import type { FactChange } from './fact-changes'

/** What differs, fact by fact: what was, and what is. Signs stand beside the colours, words for those who hear them. */
export function ChangeList({ changes }: { changes: readonly FactChange[] }) {
  return (
    <dl className="mt-2 grid gap-2 rounded-md border border-border bg-surface p-3 text-sm">
      {changes.map(({ name, before, after }) => (
        <div key={name} className="grid gap-0.5">
          <dt className="wrap-anywhere font-mono text-muted text-xs">{name}</dt>
          {before !== null && <Side sign="−" word="Before:" text={before} className="bg-danger-soft" />}
          {after !== null && <Side sign="+" word="After:" text={after} className="bg-success-soft" />}
        </div>
      ))}
    </dl>
  )
}

interface SideProps {
  sign: string
  word: string
  text: string
  className: string
}

function Side({ sign, word, text, className }: SideProps) {
  return (
    <dd className={`flex gap-2 rounded-sm px-2 py-0.5 ${className}`}>
      <span aria-hidden="true" className="select-none text-muted">
        {sign}
      </span>
      <span className="sr-only">{word}</span>
      <span className="wrap-anywhere min-w-0 whitespace-pre-wrap">{text}</span>
    </dd>
  )
}

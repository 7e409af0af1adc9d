import type { ReactNode } from 'react'
import { CopyButton } from './copy-button'

type ErrorStateProps = {
  /** Big and quiet: "404", "503"; absent where nothing failed. */
  code?: string
  title: string
  /** What happened and what to do. */
  children: ReactNode
  action?: ReactNode
  /** Request id or reference, with which an admin finds the cause. */
  reference?: string | undefined
  /** The whole page, where no shell brings a <main>. */
  standalone?: boolean
}

/** For not-found, error and "temporarily unavailable" pages. */
export function ErrorState({
  code,
  title,
  children,
  action,
  reference,
  standalone = false,
}: ErrorStateProps) {
  const content = (
    <div className="grid justify-items-start gap-2">
      {code && <p className="font-mono text-3xl text-muted">{code}</p>}
      <h1 className="mt-2 font-semibold text-2xl">{title}</h1>
      <div className="max-w-prose text-muted">{children}</div>
      {reference && (
        <p className="flex items-center gap-1 text-muted text-sm">
          Reference <code className="wrap-anywhere text-foreground">{reference}</code>
          <CopyButton value={reference} label="Copy reference" />
        </p>
      )}
      {action && <div className="mt-4 flex flex-wrap gap-2">{action}</div>}
    </div>
  )
  if (!standalone) return <div className="py-10">{content}</div>
  return (
    <main id="content" tabIndex={-1} className="grid min-h-dvh place-content-center px-6 py-10 outline-none">
      {content}
    </main>
  )
}

import Link from 'next/link'
import type { ReactNode } from 'react'
import { Logo } from './logo'

type AuthCardProps = {
  title: string
  description?: ReactNode
  /** Links under the card: "No account yet? Sign up". */
  footer?: ReactNode
  children: ReactNode
}

/** A page that is one small form: login, signup, sso, invite, reset. */
export function AuthCard({ title, description, footer, children }: AuthCardProps) {
  return (
    <main
      id="content"
      tabIndex={-1}
      className="grid min-h-dvh content-start justify-items-center px-4 pt-[max(2.5rem,12dvh)] pb-10 outline-none"
    >
      <Link href="/" aria-label="Twig, home" className="mb-8 flex rounded-sm">
        <Logo className="text-xl" />
      </Link>
      <div className="w-full max-w-[25rem] rounded-lg border border-border bg-raised p-6 sm:p-8">
        <h1 className="font-semibold text-xl">{title}</h1>
        {description && <div className="mt-1 text-muted">{description}</div>}
        <div className="mt-6 grid gap-4">{children}</div>
      </div>
      {footer && (
        <div className="mt-6 grid justify-items-center gap-1 text-center text-muted text-sm">{footer}</div>
      )}
    </main>
  )
}

/** "or" between two ways to sign in. */
export function OrDivider({ children = 'or' }: { children?: ReactNode }) {
  return (
    <div className="flex items-center gap-3 text-muted text-sm before:h-px before:flex-1 before:bg-border after:h-px after:flex-1 after:bg-border">
      {children}
    </div>
  )
}

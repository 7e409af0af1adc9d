import type { ReactNode } from 'react'
import { PhoneBar } from './phone-bar'
import { Rail, type RailProps } from './rail'

/** The console: a rail at the left (a bar with a sheet on phones) and one column of content. */
export function Shell({ children, ...rail }: RailProps & { children: ReactNode }) {
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[15.5rem_minmax(0,1fr)]">
      <aside
        aria-label="Console"
        className="sticky top-0 hidden h-dvh flex-col border-border border-r bg-surface lg:flex"
      >
        <Rail {...rail} />
      </aside>
      <PhoneBar {...rail} />
      <main id="content" tabIndex={-1} className="min-w-0 outline-none">
        <div className="mx-auto w-full max-w-[70rem] px-4 py-8 sm:px-8 lg:px-10 lg:py-10">{children}</div>
      </main>
    </div>
  )
}

import { Download } from 'lucide-react'
import type { ReactNode } from 'react'
import { buttonStyles } from './button-styles'

/** A link to a file of ours that is saved, not opened. Never a `Link`: nothing is to be fetched before it is asked for. */
export function DownloadLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} download className={buttonStyles({ size: 'sm' })}>
      <Download aria-hidden="true" />
      {children}
    </a>
  )
}

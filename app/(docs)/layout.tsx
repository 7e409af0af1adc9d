import type { ReactNode } from 'react'
import { DocsShell } from '../_ui/docs-shell'

const nav = [
  {
    title: 'API',
    items: [
      { href: '/docs/api', label: 'Reference', icon: 'reference' as const },
      { href: '/docs/errors', label: 'Errors', icon: 'errors' as const },
      { href: '/docs/outages', label: 'Outages', icon: 'outages' as const },
    ],
  },
  {
    title: 'Guides',
    items: [{ href: '/docs/sso', label: 'Single sign-on', icon: 'authentication' as const }],
  },
]

export default function DocsLayout({ children }: { children: ReactNode }) {
  return <DocsShell nav={nav}>{children}</DocsShell>
}

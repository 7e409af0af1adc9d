'use client'

import { LogOut } from 'lucide-react'
import Link from 'next/link'
import { useTransition } from 'react'
import { Avatar } from './avatar'
import { Button } from './button'
import { ThemeToggle } from './theme-toggle'

export type ShellUser = { name: string; email: string }

type AccountPanelProps = { user: ShellUser; onLogout: () => Promise<void>; onNavigate?: () => void }

/** Who is signed in (leads to /account), the theme, and "Log out" in plain sight. */
export function AccountPanel({ user, onLogout, onNavigate }: AccountPanelProps) {
  const [pending, startTransition] = useTransition()
  return (
    <div className="grid gap-2">
      <Link
        href="/account"
        onClick={onNavigate}
        className="flex items-center gap-2.5 rounded-md p-1.5 hover:bg-hover"
      >
        <Avatar name={user.name || user.email} />
        <span className="grid min-w-0 flex-1 leading-tight">
          <span className="truncate font-medium">{user.name || 'Account'}</span>
          <span className="truncate text-muted text-xs">{user.email}</span>
        </span>
      </Link>
      <div className="flex items-center justify-between pl-1.5">
        <ThemeToggle />
        <Button
          variant="ghost"
          size="sm"
          pending={pending}
          onClick={() => startTransition(onLogout)}
          className="px-2 text-muted hover:text-foreground"
        >
          <LogOut aria-hidden="true" />
          Log out
        </Button>
      </div>
    </div>
  )
}

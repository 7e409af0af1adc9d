'use client'

import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import { Badge } from '../../_ui/badge'
import { Button } from '../../_ui/button'
import { RelativeTime } from '../../_ui/relative-time'
import {
  ActionsCell,
  HeaderCell,
  RowHeader,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableRow,
} from '../../_ui/table'
import { toast } from '../../_ui/toast'
import { endOne } from './actions'

export interface SessionRow {
  id: string
  device: string
  clientIp: string | null
  /** RFC 3339. */
  createdAt: string
  lastSeenAt: string
  current: boolean
}

/** The person's active sessions (A8), the present one on top. */
export function SessionTable({ sessions }: { sessions: SessionRow[] }) {
  return (
    <Table caption="Sessions">
      <TableHead>
        <HeaderCell>Device</HeaderCell>
        <HeaderCell>IP address</HeaderCell>
        <HeaderCell>Last seen</HeaderCell>
        <HeaderCell>Signed in</HeaderCell>
        <HeaderCell unseen>Actions</HeaderCell>
      </TableHead>
      <TableBody>
        {sessions.map((session) => (
          <TableRow key={session.id}>
            <RowHeader>
              <span className="inline-flex flex-wrap items-center gap-x-2 gap-y-1">
                {session.device}
                {session.current && <Badge variant="accent">This session</Badge>}
              </span>
            </RowHeader>
            <TableCell label="IP address">
              <span className="wrap-anywhere">{session.clientIp ?? 'Unknown'}</span>
            </TableCell>
            <TableCell label="Last seen">
              {session.current ? 'Now' : <RelativeTime value={session.lastSeenAt} />}
            </TableCell>
            <TableCell label="Signed in">
              <RelativeTime value={session.createdAt} />
            </TableCell>
            <ActionsCell>{!session.current && <EndButton session={session} />}</ActionsCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function EndButton({ session }: { session: SessionRow }) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  const [ended, setEnded] = useState(false)

  function end() {
    startTransition(async () => {
      const result = await endOne({ id: session.id }).catch(() => null)
      if (!result?.ok) {
        toast.error('Not ended', { description: result?.error.message ?? 'Twig did not answer. Try again.' })
        return
      }
      setEnded(true)
      toast.success('Session ended', { description: session.device })
      router.refresh()
    })
  }

  return (
    <Button
      size="sm"
      pending={pending || ended}
      onClick={end}
      aria-label={`End the session of ${session.device}`}
    >
      End
    </Button>
  )
}

'use client'

import { RotateCw, X } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState, useTransition } from 'react'
import type { Invitation } from '@/lib/core/member-schemas'
import type { Role } from '@/lib/core/principal'
import { Badge } from '../../../_ui/badge'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { ActionMenu, DropdownMenuItem } from '../../../_ui/dropdown-menu'
import { RelativeTime } from '../../../_ui/relative-time'
import {
  ActionsCell,
  HeaderCell,
  RowHeader,
  Table,
  TableBody,
  TableCell,
  TableHead,
  TableRow,
} from '../../../_ui/table'
import { toast } from '../../../_ui/toast'
import { resend, revoke } from './actions'
import { InvitationLink, type SharedLink } from './invitation-link'
import { roleNames } from './role-names'

interface InvitationTableProps {
  invitations: Invitation[]
  /** Roles that this person may invite to. */
  invitable: Role[]
}

/** Invitations that nobody has accepted yet, to be sent again or withdrawn. */
export function InvitationTable({ invitations, invitable }: InvitationTableProps) {
  const router = useRouter()
  const [doomed, setDoomed] = useState<Invitation>()
  const [shared, setShared] = useState<SharedLink>()
  const [, startTransition] = useTransition()

  function sendAgain({ id, email }: Invitation) {
    startTransition(async () => {
      const result = await resend({ id }).catch(() => null)
      if (!result?.ok) {
        toast.error('Not sent', { description: result?.error.message ?? 'Twig did not answer. Try again.' })
        return
      }
      const { link } = result.value
      if (link === null) toast.success('Invitation sent again', { description: email })
      else setShared({ email, link })
      router.refresh()
    })
  }

  async function remove({ id, email }: Invitation) {
    const result = await revoke({ id }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    toast.success('Invitation withdrawn', { description: email })
    router.refresh()
  }

  return (
    <>
      <Table caption="Open invitations">
        <TableHead>
          <HeaderCell>Email</HeaderCell>
          <HeaderCell>Role</HeaderCell>
          <HeaderCell>Sent</HeaderCell>
          <HeaderCell>Ends</HeaderCell>
          <HeaderCell unseen>Actions</HeaderCell>
        </TableHead>
        <TableBody>
          {invitations.map((invitation) => (
            <TableRow key={invitation.id}>
              <RowHeader>
                <span className="wrap-anywhere">{invitation.email}</span>
              </RowHeader>
              <TableCell label="Role">{roleNames[invitation.role]}</TableCell>
              <TableCell label="Sent">
                <RelativeTime value={invitation.created_at} />
              </TableCell>
              <TableCell label="Ends">
                {invitation.expired ? (
                  <Badge variant="warning">Expired</Badge>
                ) : (
                  <RelativeTime value={invitation.expires_at} />
                )}
              </TableCell>
              <ActionsCell>
                <ActionMenu label={`Actions for ${invitation.email}`}>
                  {invitable.includes(invitation.role) && (
                    <DropdownMenuItem icon={<RotateCw />} onSelect={() => sendAgain(invitation)}>
                      Send again
                    </DropdownMenuItem>
                  )}
                  <DropdownMenuItem icon={<X />} tone="danger" onSelect={() => setDoomed(invitation)}>
                    Withdraw
                  </DropdownMenuItem>
                </ActionMenu>
              </ActionsCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      {doomed && (
        <ConfirmDialog
          open
          onOpenChange={(open) => !open && setDoomed(undefined)}
          title="Withdraw this invitation?"
          description={
            <>
              The link that <span className="wrap-anywhere">{doomed.email}</span> has stops working at once.
              You can invite them again.
            </>
          }
          confirmLabel="Withdraw"
          onConfirm={() => remove(doomed)}
        />
      )}
      <InvitationLink shared={shared} onClose={() => setShared(undefined)} />
    </>
  )
}

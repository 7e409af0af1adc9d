'use client'

import { DoorOpen, UserCog, UserMinus } from 'lucide-react'
import { useState } from 'react'
import type { Member } from '@/lib/core/member-schemas'
import { type Role, roleAtLeast } from '@/lib/core/principal'
import { Badge } from '../../../_ui/badge'
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
import { RemoveMember } from './remove-member'
import { RoleDialog } from './role-dialog'
import { roleNames } from './role-names'

interface MemberTableProps {
  members: Member[]
  own: { id: string; role: Role }
  organization: string
}

type Open = { what: 'role' | 'removal'; member: Member }

/** The organization's people, with what this person may do about each. */
export function MemberTable({ members, own, organization }: MemberTableProps) {
  const [open, setOpen] = useState<Open>()
  const close = () => setOpen(undefined)
  const mayManage = roleAtLeast(own.role, 'admin')
  return (
    <>
      <Table caption="Members">
        <TableHead>
          <HeaderCell>Name</HeaderCell>
          <HeaderCell>Email</HeaderCell>
          <HeaderCell>Role</HeaderCell>
          <HeaderCell>Joined</HeaderCell>
          <HeaderCell unseen>Actions</HeaderCell>
        </TableHead>
        <TableBody>
          {members.map((member) => {
            const isSelf = member.id === own.id
            const isTouchable = mayManage && (member.role !== 'owner' || own.role === 'owner')
            return (
              <TableRow key={member.id}>
                <RowHeader>
                  <span className="inline-flex flex-wrap items-center gap-x-2 gap-y-1 wrap-anywhere">
                    {member.name}
                    {isSelf && <Badge variant="outline">You</Badge>}
                  </span>
                </RowHeader>
                <TableCell label="Email">
                  <span className="wrap-anywhere">{member.email}</span>
                </TableCell>
                <TableCell label="Role">{roleNames[member.role]}</TableCell>
                <TableCell label="Joined">
                  <RelativeTime value={member.joined_at} />
                </TableCell>
                <ActionsCell>
                  {(isSelf || isTouchable) && (
                    <ActionMenu label={`Actions for ${member.name}`}>
                      {isTouchable && (
                        <DropdownMenuItem
                          icon={<UserCog />}
                          onSelect={() => setOpen({ what: 'role', member })}
                        >
                          Change role
                        </DropdownMenuItem>
                      )}
                      <DropdownMenuItem
                        icon={isSelf ? <DoorOpen /> : <UserMinus />}
                        tone="danger"
                        onSelect={() => setOpen({ what: 'removal', member })}
                      >
                        {isSelf ? 'Leave' : 'Remove'}
                      </DropdownMenuItem>
                    </ActionMenu>
                  )}
                </ActionsCell>
              </TableRow>
            )
          })}
        </TableBody>
      </Table>
      {open?.what === 'role' && <RoleDialog member={open.member} own={own} onClose={close} />}
      {open?.what === 'removal' && (
        <RemoveMember member={open.member} own={own} organization={organization} onClose={close} />
      )}
    </>
  )
}

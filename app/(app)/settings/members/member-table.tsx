import type { Role } from '@/lib/core/principal'
import { Badge } from '../../../_ui/badge'
import { RelativeTime } from '../../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../../_ui/table'
import { roleNames } from './role-names'

interface MemberRow {
  userId: string
  name: string
  email: string
  role: Role
  /** RFC 3339. */
  joinedAt: string
}

/** The organization's people. */
export function MemberTable({ members, ownId }: { members: MemberRow[]; ownId: string }) {
  return (
    <Table caption="Members">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Email</HeaderCell>
        <HeaderCell>Role</HeaderCell>
        <HeaderCell>Joined</HeaderCell>
      </TableHead>
      <TableBody>
        {members.map((member) => (
          <TableRow key={member.userId}>
            <RowHeader>
              <span className="inline-flex flex-wrap items-center gap-x-2 gap-y-1 wrap-anywhere">
                {member.name}
                {member.userId === ownId && <Badge variant="outline">You</Badge>}
              </span>
            </RowHeader>
            <TableCell label="Email">
              <span className="wrap-anywhere">{member.email}</span>
            </TableCell>
            <TableCell label="Role">{roleNames[member.role]}</TableCell>
            <TableCell label="Joined">
              <RelativeTime value={member.joinedAt} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

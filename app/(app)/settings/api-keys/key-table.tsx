'use client'

import { Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { Scope } from '@/lib/core/principal'
import type { ApiKey } from '@/lib/core/schemas'
import { Badge, EnvironmentBadge } from '../../../_ui/badge'
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
import { revokeKey } from './actions'

interface KeyTableProps {
  keys: ApiKey[]
  /** Scopes of keys that this person may delete. */
  mintable: Scope[]
}

/** The organization's keys; deleting asks for the name and reports the receipt. */
export function KeyTable({ keys, mintable }: KeyTableProps) {
  const router = useRouter()
  const [doomed, setDoomed] = useState<ApiKey>()

  async function remove(key: ApiKey) {
    const result = await revokeKey({ id: key.id }).catch(() => null)
    if (!result) return { error: 'Twig did not answer. Try again.' }
    if (!result.ok) return { error: result.error.message }
    router.refresh()
    const time = new Date(result.value.effective_at).toLocaleTimeString()
    toast.success(`${key.name} deleted`, { description: `Refused everywhere since ${time}.` })
  }

  return (
    <>
      <Table caption="API keys" stack="wide">
        <TableHead>
          <HeaderCell>Name</HeaderCell>
          <HeaderCell>Key</HeaderCell>
          <HeaderCell>Environment</HeaderCell>
          <HeaderCell>Scopes</HeaderCell>
          <HeaderCell>Created</HeaderCell>
          <HeaderCell unseen>Actions</HeaderCell>
        </TableHead>
        <TableBody>
          {keys.map((key) => (
            <TableRow key={key.id}>
              <RowHeader>
                <span className="wrap-anywhere">{key.name}</span>
              </RowHeader>
              <TableCell label="Key">
                <code className="text-sm whitespace-nowrap text-muted">{key.masked}</code>
              </TableCell>
              <TableCell label="Environment">
                <EnvironmentBadge environment={key.environment} />
              </TableCell>
              <TableCell label="Scopes">
                <span className="inline-flex flex-wrap gap-1">
                  {key.scopes.map((scope) => (
                    <Badge key={scope}>{scope}</Badge>
                  ))}
                </span>
              </TableCell>
              <TableCell label="Created">
                <RelativeTime value={key.created_at} />
              </TableCell>
              <ActionsCell>
                {key.scopes.every((scope) => mintable.includes(scope)) && (
                  <ActionMenu label={`Actions for ${key.name}`}>
                    <DropdownMenuItem icon={<Trash2 />} tone="danger" onSelect={() => setDoomed(key)}>
                      Delete
                    </DropdownMenuItem>
                  </ActionMenu>
                )}
              </ActionsCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      {doomed && (
        <ConfirmDialog
          open
          onOpenChange={(open) => !open && setDoomed(undefined)}
          title={`Delete ${doomed.name}?`}
          description={
            <>
              Requests with <code className="whitespace-nowrap">{doomed.masked}</code> are refused within a
              second, everywhere. This cannot be undone.
            </>
          }
          typeToConfirm={doomed.name}
          confirmLabel="Delete"
          onConfirm={() => remove(doomed)}
        />
      )}
    </>
  )
}

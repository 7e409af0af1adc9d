'use client'

import { Activity, Ban, CirclePlay, PencilLine, RefreshCw, Trash2 } from 'lucide-react'
import type { ApiKey } from '@/lib/core/key-schemas'
import type { Scope } from '@/lib/core/principal'
import { Badge, EnvironmentBadge } from '../../../_ui/badge'
import {
  ActionMenu,
  DropdownMenuItem,
  DropdownMenuLink,
  DropdownMenuSeparator,
} from '../../../_ui/dropdown-menu'
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
import { TextLink } from '../../../_ui/text-link'
import { AgeBadge, KeyStateBadge } from './key-badges'
import { useKeyDialogs } from './key-dialogs'
import { useKeyChange } from './use-key-change'

interface KeyTableProps {
  keys: ApiKey[]
  /** Scopes of keys that this person may change and delete. */
  mintable: readonly Scope[]
}

/** The organization's keys, each with what can be done about it. */
export function KeyTable({ keys, mintable }: KeyTableProps) {
  return (
    <Table caption="API keys" stack="wide">
      <TableHead>
        <HeaderCell>Name</HeaderCell>
        <HeaderCell>Key</HeaderCell>
        <HeaderCell>Environment</HeaderCell>
        <HeaderCell>Scopes</HeaderCell>
        <HeaderCell>Last used</HeaderCell>
        <HeaderCell>Created</HeaderCell>
        <HeaderCell unseen>Actions</HeaderCell>
      </TableHead>
      <TableBody>
        {keys.map((key) => (
          <TableRow key={key.id}>
            <RowHeader className="min-w-40">
              <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <TextLink href={`/settings/api-keys/${key.id}`} className="wrap-anywhere">
                  {key.name}
                </TextLink>
                <KeyStateBadge apiKey={key} />
              </span>
            </RowHeader>
            <TableCell label="Key">
              <code className="text-muted text-sm whitespace-nowrap">{key.masked}</code>
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
            <TableCell label="Last used">
              <RelativeTime value={key.last_used_at} />
            </TableCell>
            <TableCell label="Created">
              <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <RelativeTime value={key.created_at} />
                <AgeBadge apiKey={key} />
              </span>
            </TableCell>
            <ActionsCell>
              <KeyMenu apiKey={key} changeable={key.scopes.every((scope) => mintable.includes(scope))} />
            </ActionsCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function KeyMenu({ apiKey, changeable }: { apiKey: ApiKey; changeable: boolean }) {
  const ask = useKeyDialogs()
  const { setDisabled } = useKeyChange(apiKey)
  const disabled = apiKey.state === 'disabled'
  return (
    <ActionMenu label={`Actions for ${apiKey.name}`}>
      <DropdownMenuLink href={`/settings/api-keys/${apiKey.id}?tab=usage`} icon={<Activity />}>
        Usage
      </DropdownMenuLink>
      {changeable && (
        <>
          <DropdownMenuItem icon={<PencilLine />} onSelect={() => ask({ what: 'rename', apiKey })}>
            Rename
          </DropdownMenuItem>
          {apiKey.state === 'active' && (
            <DropdownMenuItem icon={<RefreshCw />} onSelect={() => ask({ what: 'rotate', apiKey })}>
              Rotate
            </DropdownMenuItem>
          )}
          {apiKey.state !== 'ended' && (
            <DropdownMenuItem
              icon={disabled ? <CirclePlay /> : <Ban />}
              onSelect={() => setDisabled(!disabled)}
            >
              {disabled ? 'Enable' : 'Disable'}
            </DropdownMenuItem>
          )}
          <DropdownMenuSeparator />
          <DropdownMenuItem icon={<Trash2 />} tone="danger" onSelect={() => ask({ what: 'delete', apiKey })}>
            Delete
          </DropdownMenuItem>
        </>
      )}
    </ActionMenu>
  )
}

'use client'

import { ChevronsUpDown } from 'lucide-react'
import { useTransition } from 'react'
import { Avatar } from './avatar'
import { cn } from './cn'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuTrigger,
} from './dropdown-menu'
import { Spinner } from './spinner'

export type ShellOrganization = { id: string; name: string; plan: string }

type OrganizationSwitcherProps = {
  organization: ShellOrganization
  organizations: ShellOrganization[]
  onSwitchOrganization: (id: string) => Promise<void>
}

const boxStyles =
  'flex w-full items-center gap-2.5 rounded-md border border-border bg-raised p-1.5 pr-2 text-left'

function planLabel(plan: string) {
  return plan.charAt(0).toUpperCase() + plan.slice(1)
}

function Summary({ organization }: { organization: ShellOrganization }) {
  return (
    <>
      <Avatar name={organization.name} square />
      <span className="grid min-w-0 flex-1 leading-tight">
        <span className="truncate font-medium">{organization.name}</span>
        <span className="text-muted text-xs">{planLabel(organization.plan)}</span>
      </span>
    </>
  )
}

/** The organization that is open, and a menu of the others; plain text for someone in only one. */
export function OrganizationSwitcher({
  organization,
  organizations,
  onSwitchOrganization,
}: OrganizationSwitcherProps) {
  const [pending, startTransition] = useTransition()
  if (organizations.length < 2) {
    return (
      <div className={boxStyles}>
        <Summary organization={organization} />
      </div>
    )
  }

  function switchTo(id: string) {
    if (id !== organization.id) startTransition(() => onSwitchOrganization(id))
  }

  return (
    <DropdownMenu>
      <DropdownMenuTrigger aria-busy={pending || undefined} className={cn(boxStyles, 'hover:bg-hover')}>
        <Summary organization={organization} />
        <span className="sr-only">Switch organization</span>
        {pending ? <Spinner /> : <ChevronsUpDown aria-hidden="true" className="size-4 shrink-0 text-muted" />}
      </DropdownMenuTrigger>
      <DropdownMenuContent align="start" className="w-(--radix-dropdown-menu-trigger-width)">
        <DropdownMenuLabel>Organizations</DropdownMenuLabel>
        <DropdownMenuRadioGroup value={organization.id} onValueChange={switchTo}>
          {organizations.map((other) => (
            <DropdownMenuRadioItem key={other.id} value={other.id}>
              <Avatar name={other.name} square className="size-6" />
              <span className="truncate">{other.name}</span>
            </DropdownMenuRadioItem>
          ))}
        </DropdownMenuRadioGroup>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

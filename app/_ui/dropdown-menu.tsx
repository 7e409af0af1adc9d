'use client'

import { Check, Ellipsis } from 'lucide-react'
import Link from 'next/link'
import { DropdownMenu as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { Button } from './button'
import { cn } from './cn'

/** State of a menu. Not modal: the page behind stays as it is, so an item may open a dialog. */
export function DropdownMenu(props: ComponentProps<typeof Radix.Root>) {
  return <Radix.Root modal={false} {...props} />
}

/** Opens the menu; use `asChild` around a `Button`. */
export const DropdownMenuTrigger = Radix.Trigger

/** One choice of few inside a menu, with `DropdownMenuRadioItem`s. */
export const DropdownMenuRadioGroup = Radix.RadioGroup

const itemStyles = [
  'flex min-h-9 cursor-default items-center gap-2.5 rounded-sm px-2 outline-none select-none sm:min-h-8',
  'data-disabled:text-muted data-highlighted:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted',
].join(' ')

/** The menu's box. */
export function DropdownMenuContent({ className, ...props }: ComponentProps<typeof Radix.Content>) {
  return (
    <Radix.Portal>
      <Radix.Content
        align="end"
        sideOffset={4}
        collisionPadding={8}
        {...props}
        className={cn(
          'z-60 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 max-w-[calc(100vw-1rem)] animate-rise overflow-y-auto rounded-lg bg-raised p-1 shadow-overlay',
          className,
        )}
      />
    </Radix.Portal>
  )
}

type ItemProps = ComponentProps<typeof Radix.Item> & { icon?: ReactNode; tone?: 'default' | 'danger' }

/** Something to do. `onSelect` runs it. */
export function DropdownMenuItem({ icon, tone, className, children, ...props }: ItemProps) {
  return (
    <Radix.Item
      {...props}
      className={cn(itemStyles, tone === 'danger' && 'text-danger [&_svg]:text-danger', className)}
    >
      {icon}
      {children}
    </Radix.Item>
  )
}

/** Somewhere to go. */
export function DropdownMenuLink({
  href,
  icon,
  children,
}: {
  href: string
  icon?: ReactNode
  children: ReactNode
}) {
  return (
    <Radix.Item asChild className={itemStyles}>
      <Link href={href}>
        {icon}
        {children}
      </Link>
    </Radix.Item>
  )
}

/** One of a `DropdownMenuRadioGroup`. */
export function DropdownMenuRadioItem({
  className,
  children,
  ...props
}: ComponentProps<typeof Radix.RadioItem>) {
  return (
    <Radix.RadioItem {...props} className={cn(itemStyles, 'justify-between', className)}>
      <span className="flex min-w-0 items-center gap-2.5">{children}</span>
      <Radix.ItemIndicator>
        <Check className="text-accent!" />
      </Radix.ItemIndicator>
    </Radix.RadioItem>
  )
}

/** A heading inside a menu. */
export function DropdownMenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 pt-1.5 pb-1 text-muted text-xs">{children}</Radix.Label>
}

/** A hairline inside a menu. */
export function DropdownMenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-border" />
}

/** The "…" button of a row with its menu; children are items, `label` names the row: "Actions for Production API". */
export function ActionMenu({ label, children }: { label: string; children: ReactNode }) {
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label={label}>
          <Ellipsis aria-hidden="true" />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>{children}</DropdownMenuContent>
    </DropdownMenu>
  )
}

'use client'

import { Menu } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { Button } from './button'
import { Logo } from './logo'
import { Rail, type RailProps } from './rail'
import { Sheet, SheetContent, SheetTrigger } from './sheet'

/** The bar on top of a phone's screen, with the rail in a sheet. */
export function PhoneBar(props: RailProps) {
  const [open, setOpen] = useState(false)
  return (
    <header className="sticky top-0 z-40 flex h-14 items-center justify-between border-border border-b bg-background px-4 lg:hidden">
      <Link href="/agents" aria-label="Twig, home" className="flex rounded-sm">
        <Logo />
      </Link>
      <Sheet open={open} onOpenChange={setOpen}>
        <SheetTrigger asChild>
          <Button variant="ghost" size="icon" aria-label="Open menu" className="-mr-1.5 size-9">
            <Menu aria-hidden="true" />
          </Button>
        </SheetTrigger>
        <SheetContent title="Menu">
          <Rail {...props} onNavigate={() => setOpen(false)} />
        </SheetContent>
      </Sheet>
    </header>
  )
}

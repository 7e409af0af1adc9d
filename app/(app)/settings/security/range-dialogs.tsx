'use client'

import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { createContext, type ReactNode, use, useState } from 'react'
import type { AllowlistRange } from '@/lib/core/protection-schemas'
import { Button } from '../../../_ui/button'
import { Dialog, DialogContent } from '../../../_ui/dialog'
import { AddRangeForm } from './add-range-form'
import { RemoveRange } from './remove-range'

type Asked = { what: 'add'; cidr?: string } | { what: 'remove'; range: AllowlistRange }

const AskContext = createContext<(asked: Asked) => void>(() => {})

/** Opens one of the dialogs of `RangeDialogs`. */
export function useRangeDialogs() {
  return use(AskContext)
}

interface RangeDialogsProps {
  clientIp: string | null
  coversConsole: boolean
  /** Whether the list begins to count with the next range. */
  isFirst: boolean
  /** How many ranges there are. */
  left: number
  children: ReactNode
}

/** Everything that is asked about ranges; around the page, because what opened a dialog may go with the page. */
export function RangeDialogs({ clientIp, coversConsole, isFirst, left, children }: RangeDialogsProps) {
  const router = useRouter()
  const [asked, setAsked] = useState<Asked>()

  function close() {
    setAsked(undefined)
  }

  function closeChanged() {
    close()
    router.refresh()
  }

  return (
    <AskContext value={setAsked}>
      {children}
      <Dialog open={asked?.what === 'add'} onOpenChange={(open) => !open && close()}>
        {asked?.what === 'add' && (
          <DialogContent
            title="Add range"
            description={
              isFirst
                ? 'With the first range the list is in force: keys work from your list alone. You confirm it within 5 minutes, or it is switched off again.'
                : 'It counts at once, in every process.'
            }
          >
            <AddRangeForm
              initial={asked.cidr ?? ''}
              clientIp={clientIp}
              canInsist={!coversConsole}
              onDone={closeChanged}
            />
          </DialogContent>
        )}
      </Dialog>
      {asked?.what === 'remove' && (
        <RemoveRange
          range={asked.range}
          isLast={left === 1}
          clientIp={clientIp}
          canInsist={!coversConsole}
          onClose={close}
          onDone={closeChanged}
        />
      )}
    </AskContext>
  )
}

/** Opens the dialog that adds a range. */
export function AddRangeButton() {
  const ask = useRangeDialogs()
  return (
    <Button variant="primary" aria-haspopup="dialog" onClick={() => ask({ what: 'add' })}>
      <Plus aria-hidden="true" />
      Add range
    </Button>
  )
}

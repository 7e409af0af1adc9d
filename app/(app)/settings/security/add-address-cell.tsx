'use client'

import { rangeOfAddress } from '@/lib/core/ip-ranges'
import { Button } from '../../../_ui/button'
import { ActionsCell } from '../../../_ui/table'
import { useRangeDialogs } from './range-dialogs'

/** One click from an address that was seen to a range of the list. */
export function AddAddressCell({ clientIp }: { clientIp: string }) {
  const ask = useRangeDialogs()
  const cidr = rangeOfAddress(clientIp)
  return (
    <ActionsCell>
      {cidr && (
        <Button
          size="sm"
          variant="ghost"
          aria-haspopup="dialog"
          aria-label={`Add ${clientIp}`}
          onClick={() => ask({ what: 'add', cidr })}
        >
          Add
        </Button>
      )}
    </ActionsCell>
  )
}

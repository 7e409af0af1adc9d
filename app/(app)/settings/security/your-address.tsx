'use client'

import { rangeOfAddress } from '@/lib/core/ip-ranges'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { useRangeDialogs } from './range-dialogs'

interface YourAddressProps {
  clientIp: string | null
  isInside: boolean
  canAdd: boolean
}

/** The address that Twig sees the person from, and one click to add it. */
export function YourAddress({ clientIp, isInside, canAdd }: YourAddressProps) {
  const ask = useRangeDialogs()
  const missing = rangeOfAddress(clientIp)
  if (!clientIp || !missing) {
    return (
      <Banner tone="danger" title="Twig cannot tell where you come from">
        With a list, every request would be answered 503. Whoever runs this Twig sets TRUSTED_PROXY_HOPS to
        the number of proxies in front of it.
      </Banner>
    )
  }
  return (
    <Banner
      action={
        !isInside &&
        canAdd && (
          <Button size="sm" aria-haspopup="dialog" onClick={() => ask({ what: 'add', cidr: missing })}>
            Add this address
          </Button>
        )
      }
    >
      Twig sees you from <code>{clientIp}</code>
      {isInside ? ', which the list holds.' : ', which the list does not hold.'}
    </Banner>
  )
}

'use client'

import { ThemeProvider } from 'next-themes'
import { type ReactNode, useState } from 'react'
import { ClockProvider } from './clock'
import { NonceContext } from './nonce'
import { TooltipProvider } from './tooltip'

type ProvidersProps = { nonce: string | undefined; nowMs: number; children: ReactNode }

/** Theme, nonce, clock and tooltips for everything below; once, in the root layout. */
export function Providers({ nonce, nowMs, children }: ProvidersProps) {
  // The first nonce is the document's; a later render of the layout brings another that the browser would refuse.
  const [documentNonce] = useState(() => {
    // The scroll lock behind Radix dialogs reads the nonce of its <style> from this global.
    if (typeof window !== 'undefined') Object.assign(window, { __webpack_nonce__: nonce })
    return nonce
  })
  return (
    <ThemeProvider
      attribute="class"
      defaultTheme="system"
      enableSystem
      disableTransitionOnChange
      nonce={documentNonce}
    >
      <NonceContext value={documentNonce}>
        <ClockProvider nowMs={nowMs}>
          <TooltipProvider>{children}</TooltipProvider>
        </ClockProvider>
      </NonceContext>
    </ThemeProvider>
  )
}

'use client'

import { createContext, use } from 'react'

/** The page's CSP nonce, for the few parts that must add a <style> element. */
export const NonceContext = createContext<string | undefined>(undefined)

/** The nonce of the document that is open, or undefined where no policy asks for one. */
export function useNonce(): string | undefined {
  return use(NonceContext)
}

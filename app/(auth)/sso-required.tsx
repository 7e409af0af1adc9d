import type { ReactNode } from 'react'
import { Banner } from '../_ui/banner'
import { ButtonLink } from '../_ui/button-link'

interface SsoRequiredProps {
  /** As typed; the page of SSO begins with it. */
  email: string
  next?: string
  children: ReactNode
}

/** In the place of a failure: this is not the way in, and there is one. */
export function SsoRequired({ email, next, children }: SsoRequiredProps) {
  const query = new URLSearchParams({ ...(next ? { next } : {}), email })
  return (
    <Banner role="alert" title="Single sign-on required">
      <p className="mb-3">{children}</p>
      <ButtonLink href={`/sso?${query}`} className="w-full">
        Sign in with SSO
      </ButtonLink>
    </Banner>
  )
}

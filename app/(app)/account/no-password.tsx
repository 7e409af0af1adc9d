import { Banner } from '../../_ui/banner'
import { ButtonLink } from '../../_ui/button-link'
import { Section } from '../../_ui/section'

/** Stands in the place of the form for somebody who signs in elsewhere. */
export function NoPassword({ ssoRequired }: { ssoRequired: boolean }) {
  return (
    <Section title="Password">
      {ssoRequired ? (
        <Banner>Your organization signs in through its identity provider. You need no password here.</Banner>
      ) : (
        <Banner
          action={
            <ButtonLink href="/reset" size="sm">
              Set a password by mail
            </ButtonLink>
          }
        >
          Your account has none: you sign in elsewhere.
        </Banner>
      )}
    </Section>
  )
}

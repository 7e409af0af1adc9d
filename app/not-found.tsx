import { ButtonLink } from './_ui/button-link'
import { ErrorState } from './_ui/error-state'

export default function NotFound() {
  return (
    <ErrorState
      code="404"
      title="There is nothing here"
      action={<ButtonLink href="/agents">Open the console</ButtonLink>}
      standalone
    >
      The address is wrong, or what was here is gone or belongs to another organization.
    </ErrorState>
  )
}

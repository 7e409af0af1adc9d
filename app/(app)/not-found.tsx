import { ButtonLink } from '../_ui/button-link'
import { ErrorState } from '../_ui/error-state'

export default function NotFound() {
  return (
    <ErrorState
      code="404"
      title="There is nothing here"
      action={<ButtonLink href="/agents">Go to agents</ButtonLink>}
    >
      It was deleted, or it belongs to another organization. Switch organizations to look there.
    </ErrorState>
  )
}

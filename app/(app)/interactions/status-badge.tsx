import { Ban } from 'lucide-react'
import type { Interaction } from '@/lib/core/answer-schemas'
import { Badge, type BadgeVariant } from '../../_ui/badge'
import { STATUS_NAMES } from './interaction-words'

const VARIANTS: Readonly<Record<Interaction['status'], BadgeVariant>> = {
  succeeded: 'success',
  failed: 'danger',
  cancelled: 'outline',
}

/** How a turn ended. */
export function StatusBadge({ status }: { status: Interaction['status'] }) {
  return (
    <Badge variant={VARIANTS[status]} {...(status === 'cancelled' && { icon: <Ban aria-hidden="true" /> })}>
      {STATUS_NAMES[status]}
    </Badge>
  )
}

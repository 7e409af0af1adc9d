import { CloudOff, LockKeyhole } from 'lucide-react'
import type { ReactNode } from 'react'
import type { KeyHealth } from '@/lib/core/model-providers'
import { Badge, type BadgeVariant } from '../../../_ui/badge'

const words: Readonly<Record<KeyHealth, { variant: BadgeVariant; text: string; icon?: ReactNode }>> = {
  ok: { variant: 'success', text: 'OK' },
  rejected: { variant: 'danger', text: 'Rejected' },
  out_of_quota: { variant: 'warning', text: 'Out of quota' },
  unreachable: { variant: 'warning', text: 'Unreachable', icon: <CloudOff aria-hidden="true" /> },
  unreadable: {
    variant: 'danger',
    text: 'Cannot be decrypted',
    icon: <LockKeyhole aria-hidden="true" />,
  },
}

/** How an external key fared last, as a word with an icon of its own. */
export function HealthBadge({ health }: { health: KeyHealth }) {
  const { variant, text, icon } = words[health]
  return (
    <Badge variant={variant} icon={icon}>
      {text}
    </Badge>
  )
}

import { cva } from 'class-variance-authority'
import { CircleAlert, CircleCheck, FlaskConical, type LucideIcon, Radio, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from './cn'

export type BadgeVariant =
  | 'neutral'
  | 'outline'
  | 'accent'
  | 'success'
  | 'warning'
  | 'danger'
  | 'live'
  | 'test'

const badgeStyles = cva(
  'inline-flex h-5.5 items-center gap-1 rounded-sm border px-1.5 align-middle font-medium text-xs whitespace-nowrap [&_svg]:size-3',
  {
    variants: {
      variant: {
        neutral: 'border-border bg-hover text-foreground',
        outline: 'border-border text-muted',
        accent: 'border-transparent bg-accent-soft text-accent',
        success: 'border-transparent bg-success-soft text-success',
        warning: 'border-transparent bg-warning-soft text-warning',
        danger: 'border-transparent bg-danger-soft text-danger',
        live: 'border-transparent bg-accent text-accent-foreground',
        test: 'border-control border-dashed text-muted',
      },
    },
  },
)

const ownIcons: Partial<Record<BadgeVariant, LucideIcon>> = {
  success: CircleCheck,
  warning: TriangleAlert,
  danger: CircleAlert,
  live: Radio,
  test: FlaskConical,
}

type BadgeProps = { variant?: BadgeVariant; icon?: ReactNode; className?: string; children: ReactNode }

/** A word about a thing. Coloured variants bring an icon, so colour is never alone; `icon={null}` leaves it out. */
export function Badge({ variant = 'neutral', icon, className, children }: BadgeProps) {
  const OwnIcon = ownIcons[variant]
  return (
    <span className={cn(badgeStyles({ variant }), className)}>
      {icon === undefined && OwnIcon ? <OwnIcon aria-hidden="true" /> : icon}
      {children}
    </span>
  )
}

/** Live (filled) or Test (dashed outline). */
export function EnvironmentBadge({ environment }: { environment: 'live' | 'test' }) {
  return <Badge variant={environment}>{environment === 'live' ? 'Live' : 'Test'}</Badge>
}

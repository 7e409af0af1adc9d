import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from './cn'

const tones = {
  info: { Icon: Info, box: 'border-border bg-surface', icon: 'text-muted' },
  success: { Icon: CircleCheck, box: 'border-success-line bg-success-soft', icon: 'text-success' },
  warning: { Icon: TriangleAlert, box: 'border-warning-line bg-warning-soft', icon: 'text-warning' },
  danger: { Icon: CircleAlert, box: 'border-danger-line bg-danger-soft', icon: 'text-danger' },
}

type BannerProps = {
  tone?: keyof typeof tones
  title?: string
  children?: ReactNode
  /** At the right end, one small button or link. */
  action?: ReactNode
  /** `status` or `alert` when it appears while the page is open. */
  role?: 'status' | 'alert'
  className?: string
}

/** A note in the page, as wide as its column. */
export function Banner({ tone = 'info', title, children, action, role, className }: BannerProps) {
  const { Icon, box, icon } = tones[tone]
  return (
    <div
      role={role}
      className={cn('flex flex-wrap items-start gap-x-4 gap-y-3 rounded-lg border px-4 py-3', box, className)}
    >
      <div className="flex min-w-0 flex-1 basis-64 items-start gap-3">
        <Icon aria-hidden="true" className={cn('mt-0.75 size-4 shrink-0', icon)} />
        <div className="min-w-0 wrap-anywhere">
          {title && <p className="font-medium">{title}</p>}
          {children && <div className={title ? 'text-muted' : undefined}>{children}</div>}
        </div>
      </div>
      {action && <div className="shrink-0">{action}</div>}
    </div>
  )
}

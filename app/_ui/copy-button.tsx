'use client'

import { Check, Copy, X } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Button } from './button'
import type { ButtonSize, ButtonVariant } from './button-styles'
import { copyText } from './clipboard'

type CopyButtonProps = {
  value: string
  /** What it copies, read as the button's name: "Copy key id". */
  label?: string
  /** Visible text; without it the button is an icon. */
  children?: ReactNode
  variant?: ButtonVariant
  size?: ButtonSize
  className?: string
  onCopied?: () => void
}

type Result = 'idle' | 'copied' | 'failed'

const icons = { idle: Copy, copied: Check, failed: X }
const announcements = {
  idle: '',
  copied: 'Copied',
  failed: 'Not copied. Select the text and copy it yourself.',
}

/** Copies `value`; shows a check and says "Copied" to screen readers for two seconds. */
export function CopyButton({
  value,
  label = 'Copy',
  children,
  variant = 'ghost',
  ...props
}: CopyButtonProps) {
  const { size = children ? 'md' : 'icon', className, onCopied } = props
  const [result, setResult] = useState<Result>('idle')
  const host = useRef<HTMLSpanElement>(null)

  useEffect(() => {
    if (result === 'idle') return
    const timer = setTimeout(setResult, 2000, 'idle')
    return () => clearTimeout(timer)
  }, [result])

  async function copy() {
    const done = await copyText(value, host.current ?? document.body)
    setResult(done ? 'copied' : 'failed')
    if (done) onCopied?.()
  }

  const Icon = icons[result]
  return (
    <span ref={host} className="inline-flex shrink-0">
      <Button
        variant={variant}
        size={size}
        className={className}
        onClick={copy}
        aria-label={children ? undefined : label}
        title={children ? undefined : label}
      >
        <Icon aria-hidden="true" />
        {children}
      </Button>
      <output className="sr-only">{announcements[result]}</output>
    </span>
  )
}

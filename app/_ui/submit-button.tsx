'use client'

import { useFormStatus } from 'react-dom'
import { Button, type ButtonProps } from './button'

/** The submit button of the form around it; pending while that form's action runs. Primary by default. */
export function SubmitButton({ pending = false, variant = 'primary', ...props }: ButtonProps) {
  const status = useFormStatus()
  return <Button {...props} type="submit" variant={variant} pending={pending || status.pending} />
}

'use client'

import { Failure } from './failure'

export default function RootFailure({
  error,
  reset,
}: {
  error: Error & { digest?: string }
  reset: () => void
}) {
  return <Failure error={error} retry={reset} standalone />
}

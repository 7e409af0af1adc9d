import type { Metadata } from 'next'
import { sendsMail } from '@/lib/store/mail'
import { RequestForm } from './request-form'

export const metadata: Metadata = { title: 'Reset password' }

export default function ResetPage() {
  return <RequestForm sendsMail={sendsMail()} />
}

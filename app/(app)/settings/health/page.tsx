import { Stethoscope } from 'lucide-react'
import type { Metadata } from 'next'
import { requireUser } from '@/lib/http/session'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'
import { Examination } from './examination'

export const metadata: Metadata = { title: 'Health' }

export default async function HealthPage() {
  const { principal } = await requireUser()
  const isOwner = principal.role === 'owner'
  return (
    <>
      <PageHeader
        title="Health"
        description="What is misconfigured on this Twig, and what to do about it: the same as twig doctor says on the machine."
      />
      {isOwner ? (
        <Examination />
      ) : (
        <EmptyState icon={<Stethoscope />} title="The health of this Twig is for owners">
          Your role here is {principal.role}. Ask an owner of the organization.
        </EmptyState>
      )}
    </>
  )
}

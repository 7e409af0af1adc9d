import { KeyRound } from 'lucide-react'
import { EmptyState } from '../../../_ui/empty-state'
import { PageHeader } from '../../../_ui/page-header'

/** What somebody sees whose role does not reach as far as keys. */
export function NotForViewers() {
  return (
    <>
      <PageHeader title="API Keys" />
      <EmptyState icon={<KeyRound />} title="API keys need the role member">
        Your role here is viewer. Ask an admin of the organization to change it.
      </EmptyState>
    </>
  )
}

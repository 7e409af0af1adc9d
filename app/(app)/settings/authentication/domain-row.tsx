'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { Badge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { CopyField } from '../../../_ui/copy-field'
import { RelativeTime } from '../../../_ui/relative-time'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { checkOwnDomain, removeOwnDomain } from './actions'
import type { DomainView } from './views'

interface DomainRowProps {
  domain: DomainView
  canCheck: boolean
  /** While SSO is enforced, a verified domain cannot be removed. */
  isEnforced: boolean
}

/** One domain: how it stands, its record while that is needed, and what the last check found where. */
export function DomainRow({ domain, canCheck, isEnforced }: DomainRowProps) {
  const { name, record, verifiedAt, missingSince, vouched } = domain
  const { pending, failure, check } = useDomainCheck(domain)
  const isShown = canCheck && !vouched && (!verifiedAt || missingSince !== null)
  return (
    <div className="grid gap-4 p-4 sm:px-5">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-56">
          <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
            <span className="wrap-anywhere font-medium">{name}</span>
            <DomainBadge domain={domain} />
          </p>
          <Checked domain={domain} />
        </div>
        <div className="flex flex-wrap items-center gap-2">
          {!vouched && canCheck && (
            <Button size="sm" pending={pending} onClick={check} aria-label={`Check ${name} now`}>
              Check now
            </Button>
          )}
          {!(isEnforced && verifiedAt) && <RemoveDomain domain={domain} />}
        </div>
      </div>
      <div role="status" className="grid gap-4 empty:hidden">
        {failure && (
          <Banner tone="danger" title={failure.error}>
            {failure.message}
          </Banner>
        )}
        <Finding domain={domain} />
      </div>
      {isShown && (
        <div className="grid gap-3">
          <p className="text-muted text-sm">
            Add this record to the DNS of {name}. When it is there, press “Check now”.
          </p>
          <div className="grid gap-3 md:grid-cols-[4rem_minmax(0,1fr)_minmax(0,1fr)]">
            <div className="grid content-start gap-1">
              <p className="text-muted text-sm">Type</p>
              <p className="py-1.5 font-mono text-sm">TXT</p>
            </div>
            <CopyField
              label="Name"
              value={record.name}
              note="Where the console adds the domain by itself, enter the first part alone."
            />
            <CopyField label="Value" value={record.value} />
          </div>
        </div>
      )}
    </div>
  )
}

function useDomainCheck({ id, name }: DomainView) {
  const router = useRouter()
  const { pending, failure, submit } = useAction(checkOwnDomain)
  function check() {
    submit({ id }, ({ verifiedAt, missingSince }) => {
      if (verifiedAt && !missingSince) toast.success(`${name} is verified`)
      router.refresh()
    })
  }
  return { pending, failure, check }
}

function DomainBadge({ domain: { verifiedAt, missingSince, vouched } }: { domain: DomainView }) {
  if (!verifiedAt) return <Badge variant="outline">Not verified yet</Badge>
  if (missingSince) return <Badge variant="warning">Record missing</Badge>
  return <Badge variant="success">{vouched ? 'Verified by the operator' : 'Verified'}</Badge>
}

function Checked({ domain: { verifiedAt, checkedAt, vouched } }: { domain: DomainView }) {
  if (vouched) {
    return (
      <p className="text-muted text-sm">
        Since <RelativeTime value={verifiedAt} />. No record is asked for.
      </p>
    )
  }
  if (!checkedAt) return <p className="text-muted text-sm">Not checked yet.</p>
  return (
    <p className="text-muted text-sm">
      Checked <RelativeTime value={checkedAt} />
      {verifiedAt && ', and once a day'}.
    </p>
  )
}

/** What the last check found, where that is more than that all is well. */
function Finding({ domain: { finding, verifiedAt, missingSince, graceEndsAt } }: { domain: DomainView }) {
  if (!finding || (verifiedAt && !missingSince && finding.includes('was found'))) return null
  if (!missingSince) return verifiedAt ? null : <Banner title="What the check found">{finding}</Banner>
  return (
    <Banner tone="warning" title="The record is missing">
      {finding} The domain stays verified until <RelativeTime value={graceEndsAt} className="font-medium" />.
      After that nobody can sign in by it, and where SSO is enforced passwords open again.
    </Banner>
  )
}

function RemoveDomain({ domain: { id, name, verifiedAt } }: { domain: DomainView }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)

  async function remove() {
    const result = await removeOwnDomain({ id }).catch(() => null)
    if (!result?.ok) return { error: result?.error.message ?? 'Twig did not answer. Try again.' }
    toast.success(`${name} removed`)
    router.refresh()
  }

  return (
    <ConfirmDialog
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button variant="ghost" size="sm" aria-label={`Remove ${name}`}>
          Remove
        </Button>
      }
      title={`Remove ${name}?`}
      description={
        verifiedAt
          ? 'People with an address there can no longer sign in with SSO, and nobody is made a member by it. To come back it must be verified anew, with another record.'
          : 'Its TXT record is of no use any more. Adding the domain again makes another one.'
      }
      {...(verifiedAt ? { typeToConfirm: name } : {})}
      confirmLabel="Remove"
      onConfirm={remove}
    />
  )
}

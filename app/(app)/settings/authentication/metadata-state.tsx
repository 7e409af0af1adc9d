'use client'

import { useRouter } from 'next/navigation'
import { useTransition } from 'react'
import { Button } from '../../../_ui/button'
import { DescriptionItem } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { StatusDot } from '../../../_ui/status-dot'
import { toast } from '../../../_ui/toast'
import { checkMetadata } from './actions'
import type { ConnectionView } from './views'

/** Whether the address of the metadata still works; a document has none that could. */
export function MetadataState({ connection }: { connection: ConnectionView }) {
  const { metadataUrl, metadataProblem, metadataCheckedAt, provider } = connection
  const { pending, check } = useMetadataCheck(connection)
  if (!metadataUrl) {
    return (
      <DescriptionItem term="Metadata">
        Given as a document.{' '}
        <span className="text-muted">
          {provider === 'google'
            ? 'Add the new file here when the certificate changes at Google.'
            : 'With a metadata URL, Twig would notice a new certificate by itself.'}
        </span>
      </DescriptionItem>
    )
  }
  return (
    <DescriptionItem
      term="Metadata URL"
      copy={
        <Button size="sm" pending={pending} onClick={check} aria-label="Check the metadata URL now">
          Check now
        </Button>
      }
    >
      <span role="status" className="grid gap-1">
        {metadataUrl}
        {metadataProblem ? (
          <Problem connection={connection} />
        ) : (
          <span className="flex flex-wrap items-center gap-x-2 text-sm">
            <StatusDot tone="success">Works</StatusDot>
            <span className="text-muted">
              read <RelativeTime value={metadataCheckedAt ?? connection.createdAt} />
            </span>
          </span>
        )}
      </span>
    </DescriptionItem>
  )
}

function Problem({ connection: { metadataProblem, metadataFailingSince } }: { connection: ConnectionView }) {
  return (
    <span className="grid gap-0.5">
      <StatusDot tone="danger">Does not work</StatusDot>
      <span>
        {metadataProblem}{' '}
        {metadataFailingSince && (
          <>
            Since <RelativeTime value={metadataFailingSince} />.{' '}
          </>
        )}
        Sign-in goes on with what was read before.
      </span>
    </span>
  )
}

function useMetadataCheck({ id }: ConnectionView) {
  const router = useRouter()
  const [pending, startTransition] = useTransition()
  function check() {
    startTransition(async () => {
      const result = await checkMetadata({ id }).catch(() => null)
      if (!result?.ok) {
        const description = result?.error.message ?? 'Twig did not answer. Try again.'
        toast.error('Not checked', { description })
      } else if (result.value.metadataProblem) toast.warning('The metadata URL does not work')
      else toast.success('The metadata URL works')
      router.refresh()
    })
  }
  return { pending, check }
}

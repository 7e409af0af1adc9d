import { TextLink } from '../../../_ui/text-link'

/** Leads to what became of a request, step by step. */
export function RequestLink({ id }: { id: string }) {
  return (
    <TextLink
      href={`/settings/requests?id=${encodeURIComponent(id)}`}
      prefetch={false}
      className="text-sm whitespace-nowrap"
    >
      How it was decided
    </TextLink>
  )
}

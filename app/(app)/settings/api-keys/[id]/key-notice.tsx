import type { ApiKey } from '@/lib/core/key-schemas'
import type { Principal } from '@/lib/core/principal'
import { Banner } from '../../../../_ui/banner'
import { RelativeTime } from '../../../../_ui/relative-time'
import { countText } from '../../../../_ui/scale'
import { TextLink } from '../../../../_ui/text-link'
import { EnableButton, RotateButton } from './key-buttons'
import { loadUsage } from './load'

interface KeyNoticeProps {
  principal: Principal
  apiKey: ApiKey
  /** Days since it was made, when that is too many. */
  agedDays: number | null
  successor: ApiKey | null
  changeable: boolean
}

/** What somebody who opens a key's page must know first: that it ends, has ended, is disabled or is due for rotation. */
export async function KeyNotice({ principal, apiKey, agedDays, successor, changeable }: KeyNoticeProps) {
  const link = successor && <SuccessorLink apiKey={successor} />
  if (apiKey.state === 'ending') {
    const { totals } = await loadUsage(principal, apiKey.id, '1h')
    return (
      <Banner
        className="mb-6"
        tone={totals.requests > 0 ? 'warning' : 'info'}
        title={
          totals.requests > 0
            ? `${countText(totals.requests)} ${totals.requests === 1 ? 'request' : 'requests'} in the last hour still ${totals.requests === 1 ? 'uses' : 'use'} this key`
            : 'No request used this key in the last hour'
        }
      >
        It ends <RelativeTime value={apiKey.ends_at} />
        {link && <>, and {link} takes its place</>}.
      </Banner>
    )
  }
  if (apiKey.state === 'ended') {
    return (
      <Banner className="mb-6" tone="danger" title="This key has ended">
        It ended <RelativeTime value={apiKey.ends_at} />
        {link && <>, and {link} took its place</>}. Its requests are refused; delete it when nobody asks for
        its usage any more.
      </Banner>
    )
  }
  if (apiKey.state === 'disabled') {
    return (
      <Banner
        className="mb-6"
        title="This key is disabled"
        action={changeable && <EnableButton apiKey={apiKey} />}
      >
        It was disabled <RelativeTime value={apiKey.disabled_at} />. Its requests are refused.
      </Banner>
    )
  }
  if (agedDays === null) return null
  return (
    <Banner
      className="mb-6"
      tone="warning"
      title={`This key is ${agedDays} days old`}
      action={changeable && <RotateButton apiKey={apiKey} />}
    >
      Rotate it: its successor and it both work until you have changed it everywhere.
    </Banner>
  )
}

/** A key by its name, to its page. */
export function SuccessorLink({ apiKey }: { apiKey: ApiKey }) {
  return (
    <TextLink href={`/settings/api-keys/${apiKey.id}`} className="wrap-anywhere">
      {apiKey.name} ({apiKey.masked})
    </TextLink>
  )
}

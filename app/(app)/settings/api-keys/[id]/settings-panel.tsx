import type { ApiKey } from '@/lib/core/key-schemas'
import { Banner } from '../../../../_ui/banner'
import { Card, CardHeader } from '../../../../_ui/card'
import { Section } from '../../../../_ui/section'
import { DeleteButton, DisableButton, EnableButton, RotateButton } from './key-buttons'
import { RenameCard } from './rename-card'

/** What can be changed about a key. */
export function SettingsPanel({ apiKey, changeable }: { apiKey: ApiKey; changeable: boolean }) {
  if (!changeable) {
    return (
      <Banner title="This key has Admin">
        Only an admin of the organization may change, rotate or delete it; nobody reaches further through a
        key than by themselves.
      </Banner>
    )
  }
  return (
    <>
      <Section title="General">
        <RenameCard key={apiKey.name} apiKey={apiKey} />
      </Section>
      {apiKey.state !== 'ended' && (
        <Section title="Use">
          <Card className="divide-y divide-border">
            {apiKey.state === 'disabled' ? (
              <CardHeader
                title="Enable"
                description="Its requests are answered again, within a second."
                actions={<EnableButton apiKey={apiKey} />}
              />
            ) : (
              <CardHeader
                title="Disable"
                description="Its requests are refused within a second, until you enable it again."
                actions={<DisableButton apiKey={apiKey} />}
              />
            )}
            {apiKey.state === 'active' && (
              <CardHeader
                title="Rotate"
                description="Makes a successor and lets this key work on for as long as you choose."
                actions={<RotateButton apiKey={apiKey} />}
              />
            )}
          </Card>
        </Section>
      )}
      <Section title="Danger zone">
        <Card className="border-danger-line">
          <CardHeader
            title="Delete"
            description="Its requests are refused within a second, everywhere and for good. This page goes with it."
            actions={<DeleteButton apiKey={apiKey} />}
          />
        </Card>
      </Section>
    </>
  )
}

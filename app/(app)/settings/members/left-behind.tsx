import { CONNECTORS } from '@/lib/core/connectors'
import type { Belongings, RemovalQuery } from '@/lib/core/member-schemas'
import { EnvironmentBadge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { RadioCards } from '../../../_ui/radio-cards'
import { countText } from '../../../_ui/scale'
import { Spinner } from '../../../_ui/spinner'

interface LeftBehindProps {
  /** Absent while it is being looked up. */
  found: Belongings | 'unknown' | undefined
  isSelf: boolean
  /** Whether this person's role covers all of the keys. */
  mayRevoke: boolean
  /** Whether it may end connections. */
  mayDisconnect: boolean
  choices: RemovalQuery
  onChoose: (choice: Partial<RemovalQuery>) => void
}

const SHOWN_MAX = 5

function counted(count: number, one: string, many: string): string {
  return count === 1 ? `one ${one}` : `${countText(count)} ${many}`
}

/** `two agents and one data source`. */
function listed(parts: string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

/** What somebody leaves behind in an organization, and what is to become of each. */
export function LeftBehind(props: LeftBehindProps) {
  const { found, isSelf, choices, onChoose } = props
  return (
    <div role="status" className="grid min-h-24 content-start gap-5">
      {found === undefined && (
        <p className="flex items-center gap-2 py-3 text-muted">
          <Spinner /> Looking up what {isSelf ? 'you leave' : 'they leave'} behind
        </p>
      )}
      {found === 'unknown' && (
        <Banner tone="warning">
          What {isSelf ? 'you leave' : 'they leave'} behind cannot be shown now. Keys, connections and
          invitations are kept.
        </Banner>
      )}
      {typeof found === 'object' && (
        <>
          <Stays found={found} isSelf={isSelf} />
          {found.api_keys.length > 0 && <Keys {...props} found={found} />}
          {found.connections.length > 0 && <Connections {...props} found={found} />}
          {found.invitations.length > 0 && (
            <RadioCards
              legend={`${found.invitations.length === 1 ? 'One open invitation' : `${countText(found.invitations.length)} open invitations`} that ${isSelf ? 'you' : 'they'} sent`}
              name="invitations"
              value={choices.invitations}
              onValueChange={(value) => onChoose({ invitations: value === 'withdraw' ? 'withdraw' : 'keep' })}
              options={[
                { value: 'keep', title: 'Keep', description: 'Whoever has a link can still join.' },
                {
                  value: 'withdraw',
                  title: 'Withdraw',
                  description: `The links stop working: ${listed(found.invitations.slice(0, SHOWN_MAX).map(({ email }) => email))}${found.invitations.length > SHOWN_MAX ? ' …' : ''}.`,
                },
              ]}
            />
          )}
        </>
      )}
    </div>
  )
}

function Stays({ found, isSelf }: { found: Belongings; isSelf: boolean }) {
  const { sessions, stays } = found
  const made = [
    ...(stays.agents > 0 ? [counted(stays.agents, 'agent', 'agents')] : []),
    ...(stays.data_sources > 0 ? [counted(stays.data_sources, 'data source', 'data sources')] : []),
    ...(stays.external_keys > 0 ? [counted(stays.external_keys, 'external key', 'external keys')] : []),
  ]
  const whose = isSelf ? 'Your' : 'Their'
  const moves = isSelf ? ', or goes on in another organization of yours' : ''
  const ends =
    sessions === 0
      ? `${isSelf ? 'You are' : 'They are'} not signed in here.`
      : sessions === 1
        ? `${whose} session in this organization ends${moves}.`
        : `${whose} ${countText(sessions)} sessions in this organization end.`
  return (
    <ul className="grid list-disc gap-1 pl-5 text-muted">
      <li>{ends}</li>
      {made.length > 0 && (
        <li>
          The organization keeps what {isSelf ? 'you' : 'they'} made: {listed(made)}.
        </li>
      )}
    </ul>
  )
}

type PartProps = Omit<LeftBehindProps, 'found'> & { found: Belongings }

function Keys({ found, isSelf, mayRevoke, choices, onChoose }: PartProps) {
  const keys = found.api_keys
  const rest = keys.length - SHOWN_MAX
  return (
    <>
      <RadioCards
        legend={`${keys.length === 1 ? 'One API key' : `${countText(keys.length)} API keys`} that ${isSelf ? 'you' : 'they'} made`}
        name="api_keys"
        value={choices.api_keys}
        onValueChange={(value) => onChoose({ api_keys: value === 'revoke' ? 'revoke' : 'keep' })}
        options={[
          {
            value: 'keep',
            title: 'Keep',
            description: 'They belong to the organization. Programs that use them go on.',
          },
          {
            value: 'revoke',
            title: 'Revoke',
            description: mayRevoke
              ? 'They are refused within a second, everywhere, for good.'
              : 'One of them can do more than your role. Ask an admin.',
            disabled: !mayRevoke,
          },
        ]}
      />
      <ul className="grid gap-2 text-sm">
        {keys.slice(0, SHOWN_MAX).map((key) => (
          <li key={key.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium wrap-anywhere">{key.name}</span>
            <EnvironmentBadge environment={key.environment} />
            <span className="text-muted">{key.scopes.join(', ')}</span>
          </li>
        ))}
        {rest > 0 && <li className="text-muted">and {counted(rest, 'other', 'others')}</li>}
      </ul>
    </>
  )
}

function Connections({ found, isSelf, mayDisconnect, choices, onChoose }: PartProps) {
  const { connections } = found
  const rest = connections.length - SHOWN_MAX
  return (
    <>
      <RadioCards
        legend={`${connections.length === 1 ? 'One data source' : `${countText(connections.length)} data sources`} connected with ${isSelf ? 'your' : 'their'} account`}
        name="connections"
        value={choices.connections}
        onValueChange={(value) => onChoose({ connections: value === 'disconnect' ? 'disconnect' : 'keep' })}
        options={[
          {
            value: 'keep',
            title: 'Keep',
            description: `Twig goes on reading what ${isSelf ? 'your' : 'their'} account at the provider can see, until it is closed there.`,
          },
          {
            value: 'disconnect',
            title: 'Disconnect',
            description: mayDisconnect
              ? 'The tokens are deleted at once, and the provider is asked to revoke them where it can. What was read so far stays in answers; nothing new is read.'
              : 'Your role here is viewer. Ask an admin.',
            disabled: !mayDisconnect,
          },
        ]}
      />
      <ul className="grid gap-2 text-sm">
        {connections.slice(0, SHOWN_MAX).map(({ id, name, provider, account_name, environment }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span className="font-medium wrap-anywhere">{name}</span>
            <EnvironmentBadge environment={environment} />
            <span className="text-muted wrap-anywhere">
              {CONNECTORS[provider].name}, {account_name}
            </span>
          </li>
        ))}
        {rest > 0 && <li className="text-muted">and {counted(rest, 'other', 'others')}</li>}
      </ul>
    </>
  )
}

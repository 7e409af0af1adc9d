import { checkFailure, checkFix, checkTitle } from '@/lib/core/sso-check-words'
import type { SsoProvider } from '@/lib/core/sso-guides'
import { Badge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { ButtonLink } from '../../../_ui/button-link'
import { Card } from '../../../_ui/card'
import { CopyButton } from '../../../_ui/copy-button'
import { DescriptionItem, DescriptionList } from '../../../_ui/description-list'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../../_ui/table'
import { TextLink } from '../../../_ui/text-link'
import { type AttemptView, type CheckView, type ConnectionView, PATH } from './views'

interface AttemptDetailProps {
  attempt: AttemptView
  /** The connection it went through, unless that is gone. */
  connection: ConnectionView | undefined
}

/** One attempt with every check: all that failed first, each with what was expected, what came, and what to do. */
export function AttemptDetail({ attempt, connection }: AttemptDetailProps) {
  const failed = attempt.checks.filter(({ ok }) => !ok)
  const isTest = attempt.purpose === 'test'
  return (
    <Section
      title={isTest ? 'Test of the connection' : 'Sign-in attempt'}
      actions={
        <ButtonLink href={PATH} size="sm">
          Close
        </ButtonLink>
      }
    >
      <div className="grid gap-5">
        <Verdict attempt={attempt} failed={failed.length} />
        {failed.length > 0 && (
          <ul className="grid gap-3" aria-label="What failed">
            {failed.map((check) => (
              <li key={check.place}>
                <FailedCheck check={check} provider={connection?.provider ?? 'saml'} />
              </li>
            ))}
          </ul>
        )}
        <Card>
          <DescriptionList>
            <DescriptionItem term="Reference" copy={<CopyButton value={attempt.id} label="Copy reference" />}>
              <code className="text-sm">{attempt.id}</code>
            </DescriptionItem>
            <DescriptionItem term="Time">
              <RelativeTime value={attempt.createdAt} />
            </DescriptionItem>
            <DescriptionItem term="Connection">{connection?.name ?? 'Not known, or deleted'}</DescriptionItem>
            <DescriptionItem term="Person">{attempt.email ?? 'Not known'}</DescriptionItem>
            <DescriptionItem term="Client address">{attempt.clientIp ?? 'Not known'}</DescriptionItem>
          </DescriptionList>
        </Card>
        <details className="group">
          <summary className="w-fit rounded-sm text-accent underline decoration-accent-line underline-offset-4">
            Every check ({attempt.checks.length})
          </summary>
          <div className="mt-4">
            <CheckTable checks={attempt.checks} />
          </div>
        </details>
      </div>
    </Section>
  )
}

function Verdict({ attempt, failed }: { attempt: AttemptView; failed: number }) {
  const { purpose, succeeded, checks } = attempt
  if (succeeded && purpose === 'test') {
    return (
      <Banner tone="success" title="The test passed" role="status">
        All {checks.length} checks are well{attempt.email ? `, and the person is ${attempt.email}` : ''}.
        Nobody was signed in by it.
      </Banner>
    )
  }
  if (succeeded) {
    return (
      <Banner tone="success" title="The sign-in succeeded">
        Nothing was wrong with it.
      </Banner>
    )
  }
  const count = `${failed} of ${checks.length} ${checks.length === 1 ? 'check' : 'checks'} failed`
  return (
    <Banner
      tone="danger"
      title={purpose === 'test' ? 'The test failed' : 'The sign-in was refused'}
      role="status"
    >
      {count}. {failed > 1 ? 'Fix all of them, then try again.' : 'Fix it, then try again.'}
    </Banner>
  )
}

function FailedCheck({ check, provider }: { check: CheckView; provider: SsoProvider }) {
  return (
    <Card>
      <div className="grid gap-3 p-4 sm:px-5">
        <div>
          <h3 className="font-medium">{checkFailure(check.check)}</h3>
          <p className="text-muted text-sm">{checkTitle(check.check)}</p>
        </div>
        <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-[6rem_minmax(0,1fr)]">
          <dt className="text-muted">Expected</dt>
          <dd className="wrap-anywhere font-mono text-sm leading-5.5">{check.expected}</dd>
          <dt className="text-muted">Received</dt>
          <dd className="wrap-anywhere font-mono text-sm leading-5.5">{check.received}</dd>
          <dt className="text-muted">What to do</dt>
          <dd className="max-w-prose">
            {checkFix(check.check, provider)} <TextLink href={`/docs/sso/${provider}`}>Guide</TextLink>
          </dd>
        </dl>
      </div>
    </Card>
  )
}

function CheckTable({ checks }: { checks: CheckView[] }) {
  return (
    <Table caption="Every check" stack="wide">
      <TableHead>
        <HeaderCell>Check</HeaderCell>
        <HeaderCell>Outcome</HeaderCell>
        <HeaderCell>Expected</HeaderCell>
        <HeaderCell>Received</HeaderCell>
      </TableHead>
      <TableBody>
        {checks.map(({ check, expected, received, ok, place }) => (
          <TableRow key={place}>
            <RowHeader>{checkTitle(check)}</RowHeader>
            <TableCell label="Outcome">
              <Badge variant={ok ? 'success' : 'danger'}>{ok ? 'OK' : 'Failed'}</Badge>
            </TableCell>
            <TableCell label="Expected">
              <span className="wrap-anywhere text-sm">{expected}</span>
            </TableCell>
            <TableCell label="Received">
              <span className="wrap-anywhere text-sm">{received}</span>
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

import { checkFailure } from '@/lib/core/sso-check-words'
import { Badge } from '../../../_ui/badge'
import { RelativeTime } from '../../../_ui/relative-time'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../../_ui/table'
import { TextLink } from '../../../_ui/text-link'
import { type AttemptView, PATH } from './views'

/** Sign-ins through the identity provider and tests, newest first, each with its reason in plain words. */
export function AttemptTable({ attempts }: { attempts: AttemptView[] }) {
  return (
    <Table caption="Sign-in attempts" stack="wide">
      <TableHead>
        <HeaderCell>Person</HeaderCell>
        <HeaderCell>Time</HeaderCell>
        <HeaderCell>Kind</HeaderCell>
        <HeaderCell>Outcome</HeaderCell>
        <HeaderCell>Reason</HeaderCell>
        <HeaderCell>Reference</HeaderCell>
      </TableHead>
      <TableBody>
        {attempts.map((attempt) => (
          <TableRow key={attempt.id}>
            <RowHeader>
              {attempt.email ? (
                <span className="wrap-anywhere">{attempt.email}</span>
              ) : (
                <span className="text-muted">Unknown</span>
              )}
            </RowHeader>
            <TableCell label="Time">
              <RelativeTime value={attempt.createdAt} />
            </TableCell>
            <TableCell label="Kind">{attempt.purpose === 'test' ? 'Test' : 'Sign-in'}</TableCell>
            <TableCell label="Outcome">
              <OutcomeBadge succeeded={attempt.succeeded} />
            </TableCell>
            <TableCell label="Reason">
              <Reason attempt={attempt} />
            </TableCell>
            <TableCell label="Reference">
              <TextLink href={`${PATH}?attempt=${attempt.id}`} className="wrap-anywhere font-mono text-sm">
                {attempt.id}
              </TextLink>
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

/** The first thing that was wrong, and how many there were besides. */
function Reason({ attempt: { reason, checks } }: { attempt: AttemptView }) {
  if (!reason) return '–'
  const more = checks.filter(({ ok }) => !ok).length - 1
  return (
    <>
      {checkFailure(reason)}
      {more > 0 && <span className="text-muted">, and {more} more</span>}
    </>
  )
}

/** How an attempt ended, as a word with a mark of its own. */
function OutcomeBadge({ succeeded }: { succeeded: boolean }) {
  return <Badge variant={succeeded ? 'success' : 'danger'}>{succeeded ? 'Passed' : 'Failed'}</Badge>
}

import type { AllowlistPreview } from '@/lib/core/protection-schemas'
import { RelativeTime } from '../../../_ui/relative-time'
import { Section } from '../../../_ui/section'
import { HeaderCell, RowHeader, Table, TableBody, TableCell, TableHead, TableRow } from '../../../_ui/table'
import { AddAddressCell } from './add-address-cell'
import { effectText } from './effect-words'

interface PreviewSectionProps {
  preview: AllowlistPreview
  inForce: boolean
  canAdd: boolean
}

const digits = new Intl.NumberFormat('en-US')

/** What the list as it is now does to the traffic of the last 7 days. */
export function PreviewSection({ preview, inForce, canAdd }: PreviewSectionProps) {
  return (
    <Section
      title="Would have blocked"
      description={`${effectText(preview)}${inForce ? ' Requests that the list refused already are among them.' : ''}`}
    >
      {preview.busiest.length > 0 && (
        <Table caption="Addresses outside of the list">
          <TableHead>
            <HeaderCell>Address</HeaderCell>
            <HeaderCell numeric>Requests</HeaderCell>
            <HeaderCell>Last seen</HeaderCell>
            {canAdd && <HeaderCell unseen>Actions</HeaderCell>}
          </TableHead>
          <TableBody>
            {preview.busiest.map(({ clientIp, requests, lastSeenAt }) => (
              <TableRow key={clientIp}>
                <RowHeader>
                  <code className="wrap-anywhere text-sm">{clientIp}</code>
                </RowHeader>
                <TableCell label="Requests" numeric>
                  {digits.format(requests)}
                </TableCell>
                <TableCell label="Last seen">
                  <RelativeTime value={lastSeenAt} />
                </TableCell>
                {canAdd && <AddAddressCell clientIp={clientIp} />}
              </TableRow>
            ))}
          </TableBody>
        </Table>
      )}
    </Section>
  )
}

'use client'

import { Button } from '../../../_ui/button'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../../_ui/dialog'
import { SecretField } from '../../../_ui/secret-field'

export interface SharedLink {
  email: string
  link: string
}

/** The link of an invitation that no mail carries. Twig keeps only a digest of it, so this is the one time to copy it. */
export function InvitationLink({ shared, onClose }: { shared: SharedLink | undefined; onClose: () => void }) {
  return (
    <Dialog open={shared !== undefined} onOpenChange={(open) => !open && onClose()}>
      {shared && (
        <DialogContent
          title="Pass this link on"
          description={`This Twig sends no mail. Give the link to ${shared.email} yourself: whoever opens it joins.`}
        >
          <DialogBody>
            <SecretField
              label="Invitation link"
              value={shared.link}
              hint="It works once, within 7 days, and is not shown again."
            />
          </DialogBody>
          <DialogFooter>
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </DialogFooter>
        </DialogContent>
      )}
    </Dialog>
  )
}

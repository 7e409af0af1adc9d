'use client'

import { PencilLine, RefreshCw, Stethoscope, Trash2 } from 'lucide-react'
import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { ActionMenu, DropdownMenuItem, DropdownMenuSeparator } from '../../../_ui/dropdown-menu'
import { useExternalKeyDialogs } from './external-key-dialogs'

/** What can be done about a key. */
export function ExternalKeyMenu({ externalKey, onCheck }: { externalKey: ExternalKey; onCheck: () => void }) {
  const ask = useExternalKeyDialogs()
  return (
    <ActionMenu label={`Actions for ${externalKey.name}`}>
      <DropdownMenuItem icon={<Stethoscope />} onSelect={onCheck}>
        Check now
      </DropdownMenuItem>
      <DropdownMenuItem icon={<RefreshCw />} onSelect={() => ask({ what: 'replace', externalKey })}>
        Replace
      </DropdownMenuItem>
      <DropdownMenuItem icon={<PencilLine />} onSelect={() => ask({ what: 'rename', externalKey })}>
        Rename
      </DropdownMenuItem>
      <DropdownMenuSeparator />
      <DropdownMenuItem icon={<Trash2 />} tone="danger" onSelect={() => ask({ what: 'delete', externalKey })}>
        Delete
      </DropdownMenuItem>
    </ActionMenu>
  )
}

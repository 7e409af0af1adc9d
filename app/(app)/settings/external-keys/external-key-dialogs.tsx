'use client'

import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { createContext, type ReactNode, use, useState } from 'react'
import type { ExternalKey } from '@/lib/core/external-key-schemas'
import { Button } from '../../../_ui/button'
import { Dialog, DialogContent } from '../../../_ui/dialog'
import { AddKeyForm } from './add-key-form'
import { DeleteExternalKey } from './delete-external-key'
import { RenameKeyForm } from './rename-key-form'
import { ReplaceKeyForm } from './replace-key-form'

type Asked = { what: 'add' } | { what: 'replace' | 'rename' | 'delete'; externalKey: ExternalKey }

const AskContext = createContext<(asked: Asked) => void>(() => {})

/** Opens one of the dialogs of `ExternalKeyDialogs`. */
export function useExternalKeyDialogs() {
  return use(AskContext)
}

/** Everything that is asked about external keys; around the page, because what opened a dialog may go with the page. */
export function ExternalKeyDialogs({ children }: { children: ReactNode }) {
  const router = useRouter()
  const [asked, setAsked] = useState<Asked>()
  const shown = asked?.what === 'delete' ? undefined : asked

  function close() {
    setAsked(undefined)
  }

  function closeChanged() {
    close()
    router.refresh()
  }

  return (
    <AskContext value={setAsked}>
      {children}
      <Dialog open={shown !== undefined} onOpenChange={(open) => !open && close()}>
        {shown && (
          <DialogContent {...wordsOf(shown)}>
            {shown.what === 'add' && <AddKeyForm onDone={closeChanged} />}
            {shown.what === 'replace' && (
              <ReplaceKeyForm externalKey={shown.externalKey} onDone={closeChanged} />
            )}
            {shown.what === 'rename' && (
              <RenameKeyForm externalKey={shown.externalKey} onDone={closeChanged} />
            )}
          </DialogContent>
        )}
      </Dialog>
      {asked?.what === 'delete' && (
        <DeleteExternalKey externalKey={asked.externalKey} onClose={close} onDone={closeChanged} />
      )}
    </AskContext>
  )
}

function wordsOf(shown: Exclude<Asked, { what: 'delete' }>): { title: string; description?: string } {
  if (shown.what === 'add') {
    return {
      title: 'Add Key',
      description: 'Twig tests it with the provider, then keeps it encrypted and never shows it again.',
    }
  }
  const { name } = shown.externalKey
  if (shown.what === 'rename') return { title: `Rename ${name}` }
  return {
    title: `Replace ${name}`,
    description: 'The new key is tested first. Agents that use it go on with the new one at once.',
  }
}

/** Opens the dialog that adds a key. */
export function AddKeyButton() {
  const ask = useExternalKeyDialogs()
  return (
    <Button variant="primary" aria-haspopup="dialog" onClick={() => ask({ what: 'add' })}>
      <Plus aria-hidden="true" />
      Add Key
    </Button>
  )
}

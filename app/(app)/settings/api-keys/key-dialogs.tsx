'use client'

import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { createContext, type ReactNode, use, useState } from 'react'
import type { ApiKey, NewApiKey } from '@/lib/core/key-schemas'
import type { Scope } from '@/lib/core/principal'
import { Button } from '../../../_ui/button'
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from '../../../_ui/dialog'
import { DeleteKey } from './delete-key'
import { KeyForm } from './key-form'
import { NewKey } from './new-key'
import { RenameForm } from './rename-form'
import { RotateForm } from './rotate-form'

type Asked = { what: 'generate' } | { what: 'rename' | 'rotate' | 'delete'; apiKey: ApiKey }
type InDialog = Exclude<Asked, { what: 'delete' }> | { what: 'show'; created: NewApiKey }

const AskContext = createContext<(asked: Asked) => void>(() => {})

/** Opens one of the dialogs of `KeyDialogs`. */
export function useKeyDialogs() {
  return use(AskContext)
}

interface KeyDialogsProps {
  /** Scopes that this person may put on a key. */
  mintable: readonly Scope[]
  appUrl: string
  /** Where to go when a key was deleted on a page about it alone. */
  leaveTo?: string
  children: ReactNode
}

/**
 * Everything that is asked about keys. The dialogs stand here, around the page, because what opened one may be gone when
 * the page is made anew, and a key that is shown once must not go with it.
 */
export function KeyDialogs({ mintable, appUrl, leaveTo, children }: KeyDialogsProps) {
  const router = useRouter()
  const [asked, setAsked] = useState<Asked>()
  const [created, setCreated] = useState<NewApiKey>()
  const doomed = asked?.what === 'delete' ? asked.apiKey : undefined
  const shown = created ? { what: 'show' as const, created } : asked?.what === 'delete' ? undefined : asked

  function close() {
    setAsked(undefined)
    setCreated(undefined)
  }

  function closeChanged() {
    close()
    router.refresh()
  }

  return (
    <AskContext value={setAsked}>
      {children}
      <Dialog open={shown !== undefined} onOpenChange={(open) => !open && !created && close()}>
        {shown && (
          <DialogContent
            {...wordsOf(shown)}
            size={shown.what === 'generate' ? 'lg' : 'md'}
            dismissable={!created}
          >
            {shown.what === 'generate' && <KeyForm mintable={mintable} onCreated={setCreated} />}
            {shown.what === 'rotate' && <RotateForm apiKey={shown.apiKey} onCreated={setCreated} />}
            {shown.what === 'rename' && <Rename apiKey={shown.apiKey} onDone={closeChanged} />}
            {shown.what === 'show' && <NewKey apiKey={shown.created} appUrl={appUrl} onDone={closeChanged} />}
          </DialogContent>
        )}
      </Dialog>
      {doomed && <DeleteKey apiKey={doomed} onClose={close} leaveTo={leaveTo} />}
    </AskContext>
  )
}

function wordsOf(shown: InDialog): { title: string; description?: string } {
  if (shown.what === 'generate') {
    return { title: 'Generate New Key', description: 'The key belongs to the organization, not to you.' }
  }
  if (shown.what === 'show') {
    return {
      title: `${shown.created.name} is ready`,
      description: 'This is the only time you see this key. Twig keeps no copy of it.',
    }
  }
  if (shown.what === 'rename') return { title: `Rename ${shown.apiKey.name}` }
  return {
    title: `Rotate ${shown.apiKey.name}?`,
    description:
      'Makes a new key with the same name, scopes and environment. Both work until the old one ends.',
  }
}

function Rename({ apiKey, onDone }: { apiKey: ApiKey; onDone: () => void }) {
  return (
    <RenameForm apiKey={apiKey} onDone={onDone}>
      {(field, button) => (
        <>
          <DialogBody>{field}</DialogBody>
          <DialogFooter>
            <DialogClose asChild>
              <Button>Cancel</Button>
            </DialogClose>
            {button}
          </DialogFooter>
        </>
      )}
    </RenameForm>
  )
}

/** Opens the dialog that makes a key. */
export function GenerateKeyButton() {
  const ask = useKeyDialogs()
  return (
    <Button variant="primary" aria-haspopup="dialog" onClick={() => ask({ what: 'generate' })}>
      <Plus aria-hidden="true" />
      Generate New Key
    </Button>
  )
}

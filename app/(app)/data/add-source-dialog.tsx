'use client'

import { ArrowLeft, Plus } from 'lucide-react'
import { useState } from 'react'
import { CONNECTORS, type ConnectorChoice } from '@/lib/core/connectors'
import type { Environment } from '@/lib/core/principal'
import { Button } from '../../_ui/button'
import { Dialog, DialogBody, DialogContent, DialogTrigger } from '../../_ui/dialog'
import { ConnectForm } from './connect-form'
import { OwnSourceForm } from './own-source-form'
import { SourceCatalogue, type SourceChoice } from './source-catalogue'

interface AddSourceDialogProps {
  environment: Environment
  choices: readonly ConnectorChoice[]
}

const OWN_TITLES = { text: 'Paste text', file: 'Upload files' }

/** Adds a data source to the environment that the page shows: first what it is made of, then the rest. */
export function AddSourceDialog({ environment, choices }: AddSourceDialogProps) {
  const [open, setOpen] = useState(false)
  const [isSending, setSending] = useState(false)
  const [choice, setChoice] = useState<SourceChoice>()
  const connector = choices.find(({ provider }) => provider === choice)
  const name = environment === 'test' ? 'Test' : 'Live'
  const title = connector
    ? `Connect ${CONNECTORS[connector.provider].name}`
    : choice === 'text' || choice === 'file'
      ? OWN_TITLES[choice]
      : `Add ${name} data source`

  function change(next: boolean) {
    if (isSending) return
    if (next) setChoice(undefined)
    setOpen(next)
  }

  const back = (
    <button
      type="button"
      onClick={() => setChoice(undefined)}
      className="inline-flex h-6 items-center gap-1.5 justify-self-start rounded-sm text-muted text-sm hover:text-foreground"
    >
      <ArrowLeft aria-hidden="true" className="size-3.5" />
      All kinds
    </button>
  )
  return (
    <Dialog open={open} onOpenChange={change}>
      <DialogTrigger asChild>
        <Button variant="primary">
          <Plus aria-hidden="true" />
          Add Data Source
        </Button>
      </DialogTrigger>
      <DialogContent title={title} dismissable={!isSending} size="lg">
        {choice === undefined && (
          <DialogBody className="pb-6">
            <SourceCatalogue choices={choices} onChoose={setChoice} />
          </DialogBody>
        )}
        {connector && <ConnectForm choice={connector} environment={environment} back={back} />}
        {(choice === 'text' || choice === 'file') && (
          <OwnSourceForm kind={choice} environment={environment} back={back} onSending={setSending} />
        )}
      </DialogContent>
    </Dialog>
  )
}

'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import type { ActionResult } from '@/lib/core/action-result'
import { Card, CardBody } from '../../../_ui/card'
import { ConfirmDialog } from '../../../_ui/confirm-dialog'
import { Switch } from '../../../_ui/switch'
import { toast } from '../../../_ui/toast'
import { switchConsole, switchList } from './actions'

interface ListSwitchesProps {
  inForce: boolean
  coversConsole: boolean
  isPlanned: boolean
  /** Whether the list holds the person's own address. */
  isInside: boolean
}

type Asked = { what: 'list' | 'console'; on: boolean }

/** Whether the list is in force, and whether for the web app too. */
export function ListSwitches({ inForce, coversConsole, isPlanned, isInside }: ListSwitchesProps) {
  const [asked, setAsked] = useState<Asked>()
  const router = useRouter()

  async function change() {
    if (!asked) return
    const { what, on } = asked
    const run = what === 'list' ? switchList({ on, force: true }) : switchConsole({ on })
    const result: ActionResult<{ on: boolean }> | null = await run.catch(() => null)
    if (!result || (!result.ok && result.error.code !== 'revocation_pending'))
      return { error: result?.error.message ?? 'Twig did not answer. Try again.' }
    if (result.ok) toast.success(doneText(asked))
    else toast.warning(doneText(asked), { description: result.error.message })
    router.refresh()
  }

  return (
    <Card className="max-w-2xl">
      <CardBody className="grid gap-5">
        <Switch
          label="Enforce the list"
          hint={
            inForce
              ? 'On: keys work from the ranges above alone.'
              : 'Off: keys work from everywhere. The ranges are kept.'
          }
          checked={inForce}
          disabled={!inForce && !isPlanned}
          aria-haspopup="dialog"
          onChange={() => setAsked({ what: 'list', on: !inForce })}
        />
        <Switch
          label="Cover the web app"
          hint={
            coversConsole
              ? 'On: pages, playground and settings open from the ranges above alone.'
              : isInside || !inForce
                ? 'Off: people sign in and work from everywhere.'
                : 'Off. The list does not hold your own address; add it first.'
          }
          checked={coversConsole}
          disabled={!coversConsole && (!isPlanned || !inForce || !isInside)}
          aria-haspopup="dialog"
          onChange={() => setAsked({ what: 'console', on: !coversConsole })}
        />
      </CardBody>
      {asked && (
        <ConfirmDialog
          open
          onOpenChange={(open) => !open && setAsked(undefined)}
          title={questionText(asked)}
          description={explanation(asked, isInside)}
          tone={asked.on ? 'primary' : 'danger'}
          confirmLabel={asked.on ? 'Switch on' : 'Switch off'}
          onConfirm={change}
        />
      )}
    </Card>
  )
}

function questionText({ what, on }: Asked): string {
  if (what === 'list') return on ? 'Enforce the list?' : 'Stop enforcing the list?'
  return on ? 'Cover the web app?' : 'Open the web app to everywhere?'
}

function explanation({ what, on }: Asked, isInside: boolean): string {
  const confirm = 'You confirm it from an allowed address within 5 minutes, or it is switched off again.'
  if (what === 'list' && !on)
    return 'Keys work from everywhere at once, and so does the web app. The ranges are kept.'
  if (what === 'list') return isInside ? confirm : `Your own address is not in the list. ${confirm}`
  return on
    ? `Members at other addresses see a page that says so, whatever they open. ${confirm}`
    : 'Members sign in and work from every address again. Keys stay bound to the list.'
}

function doneText({ what, on }: Asked): string {
  if (what === 'list') return on ? 'The list is in force' : 'The list is off'
  return on ? 'The web app is covered' : 'The web app opens from everywhere'
}

'use client'

import { useRouter } from 'next/navigation'
import type { FormEvent } from 'react'
import { CONNECTORS, type ConnectorProvider } from '@/lib/core/connectors'
import type { SelectedItem } from '@/lib/core/sync-schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { chooseWhatToIndex } from '../actions'
import { PICKED_NAMES } from '../connector-words'
import { Picker } from './picker'
import { usePicker } from './use-picker'

interface SelectionFormProps {
  sourceId: string
  provider: ConnectorProvider
  selection: readonly SelectedItem[]
}

const idsOf = (items: readonly SelectedItem[]) =>
  items
    .map(({ id }) => id)
    .sort()
    .join('\n')

/** Chooses what of the account is indexed. */
export function SelectionForm({ sourceId, provider, selection }: SelectionFormProps) {
  const router = useRouter()
  const picker = usePicker(sourceId, selection)
  const { pending, failure, attempt, submit } = useAction(chooseWhatToIndex)
  const isChanged = idsOf(picker.chosen) !== idsOf(selection)
  const isFirst = selection.length === 0

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (!isChanged) return
    submit({ id: sourceId, selection: picker.chosen }, () => {
      toast.success(isFirst ? 'Indexing has begun' : 'Saved. Indexing has begun')
      router.refresh()
    })
  }

  return (
    <form onSubmit={save} noValidate>
      <Card>
        <CardBody className="grid gap-5">
          {failure && <FormFailure key={attempt} failure={failure} shown={[]} />}
          <Picker
            picker={picker}
            label={`${PICKED_NAMES[provider]} of ${CONNECTORS[provider].name}`}
            isSearchable={CONNECTORS[provider].isSearchable}
          />
        </CardBody>
        <CardFooter>
          <span>
            {isFirst
              ? 'Nothing is read before you choose.'
              : 'What you take off leaves the index with the next sync.'}
          </span>
          <SubmitButton pending={pending} disabled={!isChanged}>
            {isFirst ? 'Index these' : 'Save'}
          </SubmitButton>
        </CardFooter>
      </Card>
    </form>
  )
}

'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState } from 'react'
import { Checkbox } from '../../../_ui/checkbox'
import { Fieldset } from '../../../_ui/fieldset'
import { Input } from '../../../_ui/input'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { savePilots } from './actions'
import type { ConnectionView, PersonView } from './views'

/** From how many people on a list wants a search. */
const SEARCHED_FROM = 9

/** Who alone may use the connection until it is enforced. */
export function PilotForm({
  connection,
  people,
}: {
  connection: Pick<ConnectionView, 'id' | 'pilotUserIds'>
  people: PersonView[]
}) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(savePilots)
  const [chosen, setChosen] = useState<readonly string[]>(connection.pilotUserIds)
  const [sought, setSought] = useState('')
  const needle = sought.trim().toLowerCase()
  // Somebody who left is no longer among the people; saving takes them off.
  const present = chosen.filter((userId) => people.some((person) => person.userId === userId))
  const shown = people.filter(({ name, email }) => `${name} ${email}`.toLowerCase().includes(needle))

  function toggle(userId: string) {
    setChosen(chosen.includes(userId) ? chosen.filter((each) => each !== userId) : [...chosen, userId])
  }

  function save(event: FormEvent) {
    event.preventDefault()
    submit({ id: connection.id, userIds: [...present] }, ({ pilotUserIds }) => {
      const count = pilotUserIds.length
      const title =
        count === 0
          ? 'Everybody of your domains may use SSO'
          : `${count} pilot ${count === 1 ? 'user' : 'users'}`
      toast.success(title)
      router.refresh()
    })
  }

  if (present.length === 0 && people.every(({ isOwn }) => !isOwn)) {
    return (
      <p className="max-w-prose text-muted">
        No member has an address in a verified domain yet. Everybody who has one may use SSO, and becomes a
        member by it.
      </p>
    )
  }
  return (
    <form onSubmit={save} method="post" noValidate className="grid max-w-2xl gap-4">
      {failure && <FormFailure key={attempt} failure={failure} shown={['userIds']} />}
      {people.length >= SEARCHED_FROM && (
        <Input
          type="search"
          aria-label="Find people"
          placeholder="Find people by name or address"
          value={sought}
          onChange={(event) => setSought(event.target.value)}
        />
      )}
      <Fieldset
        legend="Members"
        hint="Nobody ticked: everybody with an address in your domains may use SSO."
        error={failure?.fields.userIds}
      >
        <div className="grid max-h-80 gap-3 overflow-y-auto rounded-md border border-border bg-raised p-4">
          {shown.map(({ userId, name, email, isOwn }) => (
            <Checkbox
              key={userId}
              checked={present.includes(userId)}
              onChange={() => toggle(userId)}
              disabled={!isOwn && !present.includes(userId)}
              label={name || email}
              hint={isOwn ? email : `${email}: in none of your verified domains`}
            />
          ))}
          {shown.length === 0 && <p className="text-muted">Nobody is called that.</p>}
        </div>
      </Fieldset>
      <div>
        <SubmitButton pending={pending} variant="secondary">
          Save pilot users
        </SubmitButton>
      </div>
    </form>
  )
}

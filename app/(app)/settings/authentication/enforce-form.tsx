'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useState } from 'react'
import { Badge } from '../../../_ui/badge'
import { Banner } from '../../../_ui/banner'
import { Button } from '../../../_ui/button'
import { DialogBody, DialogClose, DialogFooter } from '../../../_ui/dialog'
import { Field } from '../../../_ui/field'
import { PasswordInput } from '../../../_ui/password-input'
import { countText } from '../../../_ui/scale'
import { Spinner } from '../../../_ui/spinner'
import { SubmitButton } from '../../../_ui/submit-button'
import { toast } from '../../../_ui/toast'
import { useAction } from '../../../_ui/use-action'
import { FormFailure } from '../../../form-failure'
import { enforce, lookUpEnforcement } from './actions'

/** From how many members on their list scrolls. */
const SCROLLS_FROM = 4

type Looked = Awaited<ReturnType<typeof lookUpEnforcement>>
type Preview = Extract<Looked, { ok: true }>['value']

/** Whom Enforce keeps from other ways in, and the password that proves whose decision it is. */
export function EnforceForm({ id, onDone }: { id: string; onDone: () => void }) {
  const router = useRouter()
  const { pending, failure, attempt, submit } = useAction(enforce)
  const preview = usePreview(id)

  function switchOn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const password = String(new FormData(event.currentTarget).get('password'))
    submit({ id, password }, ({ ended }) => {
      toast.success('SSO is enforced', { description: `${endText(ended)}.` })
      onDone()
      router.refresh()
    })
  }

  return (
    <form onSubmit={switchOn} method="post" noValidate>
      <DialogBody>
        {failure && <FormFailure key={attempt} failure={failure} shown={['password']} />}
        <div role="status" className="grid gap-3">
          {preview === undefined && (
            <p className="flex items-center gap-2 text-muted">
              <Spinner /> Looking up whom it concerns
            </p>
          )}
          {preview === 'unknown' && <Banner tone="warning">Whom it concerns cannot be shown now.</Banner>}
          {typeof preview === 'object' && <Effects preview={preview} />}
        </div>
        <Field
          label="Your password"
          required
          error={failure?.fields.password}
          hint="It stays your way in when the identity provider is down. Each use is recorded and mailed to all owners."
        >
          <PasswordInput name="password" maxLength={1000} autoComplete="current-password" />
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>Cancel</Button>
        </DialogClose>
        <SubmitButton pending={pending}>Enforce</SubmitButton>
      </DialogFooter>
    </form>
  )
}

function usePreview(id: string): Preview | 'unknown' | undefined {
  const [preview, setPreview] = useState<Preview | 'unknown'>()
  useEffect(() => {
    let current = true
    const unknown = () => 'unknown' as const
    lookUpEnforcement({ id })
      .then((result) => (result.ok ? result.value : unknown()), unknown)
      .then((found) => current && setPreview(found))
    return () => {
      current = false
    }
  }, [id])
  return preview
}

/** "No session ends", "1 session ends", "3 sessions end". */
function endText(count: number): string {
  if (count === 0) return 'No session ends'
  return count === 1 ? '1 session ends' : `${countText(count)} sessions end`
}

function Effects({ preview: { members, sessions, outside } }: { preview: Preview }) {
  const count = members.length
  // A list that scrolls must be reached by keyboard.
  const stop = count > SCROLLS_FROM ? { tabIndex: 0 } : {}
  return (
    <>
      <Banner
        tone="warning"
        title={`${countText(count)} ${count === 1 ? 'member signs' : 'members sign'} in with SSO only`}
      >
        {endText(sessions)}.
        {outside > 0 &&
          ` ${countText(outside)} ${outside === 1 ? 'member' : 'members'} of other domains ${outside === 1 ? 'keeps' : 'keep'} the present ways in.`}
      </Banner>
      <ul
        {...stop}
        aria-label="Members it concerns"
        className="grid max-h-44 gap-1.5 overflow-y-auto text-sm"
      >
        {members.map((member) => (
          <li key={member.userId} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-0.5">
            <span className="wrap-anywhere">
              {member.email}
              {member.keepsPassword && (
                <Badge variant="outline" className="ml-2">
                  Keeps the password
                </Badge>
              )}
            </span>
            <span className="text-muted">{endText(member.sessions)}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

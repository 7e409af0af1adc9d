'use client'

import { useSyncExternalStore } from 'react'
import { Banner } from '../../_ui/banner'
import { readSignedInUntil } from '../../signed-in-mark'

const reasons: Readonly<Record<string, string>> = {
  expired: 'You were signed out because you did not use Twig for 7 days.',
  ended: 'You were signed out because this session was ended.',
  logged_out: 'You were signed out because this session was ended.',
  ended_by_user: 'You were signed out because this session was ended from another device.',
  password_changed: 'You were signed out because your password was changed.',
  password_reset: 'You were signed out because your password was reset.',
  removed: 'You were signed out because you are no longer a member of that organization.',
  left: 'You were signed out because you left the organization.',
  ended_by_admin: 'You were signed out because an admin ended all sessions of the organization.',
  organization_deleted: 'You were signed out because the organization was deleted.',
  idle: 'You were signed out because you did not use Twig for as long as your organization allows.',
  max_age: 'You were signed out because your organization asks you to sign in again after a while.',
}

interface SignedOutNoteProps {
  /** From the address: why the gate or the page sent the person here; absent when there was no cookie to tell by. */
  reason: string | undefined
}

const never = () => () => {}

/**
 * Why somebody is here who was signed in before (A6). A browser drops the cookie on the very second it expires, and with
 * it every sign of it; then the mark that the console left tells.
 */
export function SignedOutNote({ reason }: SignedOutNoteProps) {
  const until = useSyncExternalStore(never, readSignedInUntil, () => null)
  const lapsed = until !== null && until * 1000 <= Date.now()
  const text = reason
    ? (reasons[reason] ?? 'You were signed out. Sign in again; you return to where you were.')
    : lapsed && reasons.expired
  return text ? <Banner role="status">{text}</Banner> : null
}

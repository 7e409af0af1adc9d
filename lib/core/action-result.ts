import type { ErrorCode } from './errors'

/** Why a form was refused: a stable code, what to do, and the fields concerned, each with a sentence. */
export interface ActionFailure {
  code: ErrorCode
  error: string
  message: string
  fields: Record<string, string>
}

/** What a form gets back from its action. */
export type ActionResult<T> = { ok: true; value: T } | { ok: false; error: ActionFailure }

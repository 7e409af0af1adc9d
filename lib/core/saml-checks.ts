import { cut } from './received-text'

/** One thing that an answer of an identity provider must be, and what it was. */
export interface SsoCheck {
  /** Stable name, e.g. `audience`. */
  check: string
  /** For a person to read beside each other. */
  expected: string
  received: string
  ok: boolean
}

const RECEIVED_MAX = 300

/** What stands in the log of something that came from outside: bounded, on one line, without control characters. */
export function shown(received: string | null | undefined): string {
  if (received === null || received === undefined) return 'nothing'
  const line = cut(received, RECEIVED_MAX + 1)
  const kept = cut(line, RECEIVED_MAX)
  return kept === line ? line : `${kept}…`
}

/** Collects checks, the failed ones too, so that all that is wrong is told at once. */
export class CheckList {
  readonly all: SsoCheck[]

  /** @param before what was noted already */
  constructor(before: readonly SsoCheck[] = []) {
    this.all = [...before]
  }

  /** Notes a check and returns its outcome. */
  note(check: string, expected: string, received: string | null | undefined, ok: boolean): boolean {
    this.all.push({ check, expected, received: shown(received), ok })
    return ok
  }

  /** Notes that something must be exactly what is expected. */
  equal(check: string, expected: string, received: string | null | undefined): boolean {
    return this.note(check, expected, received, received === expected)
  }

  /** Whether nothing failed. */
  get passed(): boolean {
    return this.all.every(({ ok }) => ok)
  }
}

/** The name of the first check that failed, or null. */
export function firstFailure(checks: readonly SsoCheck[]): string | null {
  return checks.find(({ ok }) => !ok)?.check ?? null
}

/** What one check came to. `fix` says what to do about a warning or problem. */
export interface Finding {
  check: string
  status: 'ok' | 'warning' | 'problem'
  detail: string
  fix: string | null
}

/** All is well. */
export function ok(check: string, detail: string): Finding {
  return { check, status: 'ok', detail, fix: null }
}

/** Twig works, but not as well or as safely as it could. */
export function warning(check: string, detail: string, fix: string): Finding {
  return { check, status: 'warning', detail, fix }
}

/** Something does not work, or is not safe. */
export function problem(check: string, detail: string, fix: string): Finding {
  return { check, status: 'problem', detail, fix }
}

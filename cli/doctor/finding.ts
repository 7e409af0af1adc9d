import type { Finding } from '../../lib/core/finding'

export type { Finding }

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

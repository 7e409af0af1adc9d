import { z } from 'zod'

/** What one check of the installation came to. `fix` says what to do about a warning or problem. */
export const Finding = z.strictObject({
  check: z.string(),
  status: z.enum(['ok', 'warning', 'problem']),
  detail: z.string(),
  fix: z.string().nullable(),
})
export type Finding = z.infer<typeof Finding>

import { doctor } from './commands/doctor'
import { keyVerbs } from './commands/key'
import { limitsVerbs } from './commands/limits'
import { orgVerbs } from './commands/org'
import { planVerbs } from './commands/plan'
import { secretsVerbs } from './commands/secrets'
import { userVerbs } from './commands/user'
import type { Verb } from './verb'

/** What `twig <noun> <verb>` can do. */
export const nouns: Readonly<Record<string, Readonly<Record<string, Verb>>>> = {
  org: orgVerbs,
  user: userVerbs,
  key: keyVerbs,
  plan: planVerbs,
  limits: limitsVerbs,
  secrets: secretsVerbs,
}

/** What `twig <word>` does; each finds its backends itself. */
export const standalone: Readonly<Record<string, Verb>> = { doctor }

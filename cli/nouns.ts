import type { Verb } from './verb'

/** The verbs of a noun, by name. */
export type Verbs = Readonly<Record<string, Verb>>

/** What `twig <noun> <verb>` can do. Only what is asked for is loaded. */
export const nouns: Readonly<Record<string, () => Promise<Verbs>>> = {
  org: async () => (await import('./commands/org')).orgVerbs,
  member: async () => (await import('./commands/member')).memberVerbs,
  user: async () => (await import('./commands/user')).userVerbs,
  key: async () => (await import('./commands/key')).keyVerbs,
  plan: async () => (await import('./commands/plan')).planVerbs,
  limits: async () => (await import('./commands/limits')).limitsVerbs,
  allowlist: async () => (await import('./commands/allowlist')).allowlistVerbs,
  domain: async () => (await import('./commands/domain')).domainVerbs,
  sso: async () => (await import('./commands/sso')).ssoVerbs,
  audit: async () => (await import('./commands/audit')).auditVerbs,
  secrets: async () => (await import('./commands/secrets')).secretsVerbs,
}

/** What `twig <word>` does; each finds its backends itself. */
export const standalone: Readonly<Record<string, () => Promise<Verb>>> = {
  doctor: async () => (await import('./commands/doctor')).doctor,
}

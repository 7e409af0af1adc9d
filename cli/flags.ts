import type { ZodType } from 'zod'
import { type OperatorPrincipal, plans, roles, type Scope, scopes } from '../lib/core/principal'
import { findOrganization, type Organization, operatorFor } from '../lib/domain/organizations'
import { readSecret } from './stdin'
import { type Flag, UsageError } from './verb'

const WHOLE_NUMBER = /^\d{1,15}$/

/** Marks a flag as one that may be left out. */
export function optional<T>(flag: Flag<T, true>): Flag<T, false> {
  return { ...flag, required: false }
}

function flag<T>(placeholder: string, about: string, read: Flag<T>['read']): Flag<T, true> {
  return { placeholder, about, required: true, read }
}

/** A flag without a value: there or not. */
export function toggle(about: string): Flag<true, false> {
  return { placeholder: '', about, required: false, isSwitch: true, read: () => true }
}

function notEmpty(name: string): (value: string) => string {
  return (value) => {
    if (value.trim() === '') throw new UsageError(`--${name} may not be empty.`)
    return value.trim()
  }
}

/** Any text but an empty one. */
export function text(name: string, about: string): Flag<string, true> {
  return flag(`<${name}>`, about, notEmpty(name))
}

/** What a schema of lib/core takes. */
export function fromSchema<T>(placeholder: string, about: string, schema: ZodType<T>): Flag<T, true> {
  return flag(placeholder, about, (value) => {
    const result = schema.safeParse(value)
    if (result.success) return result.data
    throw new UsageError(`${result.error.issues[0]?.message ?? 'A value is wrong'}.`)
  })
}

/** One of a few words. */
export function choice<T extends string>(name: string, words: readonly T[], about: string): Flag<T, true> {
  return flag(words.join('|'), about, (value) => {
    const word = words.find((word) => word === value)
    if (word === undefined) throw new UsageError(`--${name} takes ${words.join(', ')}.`)
    return word
  })
}

/** A whole number; its bounds are the domain's to judge. */
export function wholeNumber(name: string, about: string): Flag<number, true> {
  return flag('<number>', about, (value) => {
    if (!WHOLE_NUMBER.test(value)) throw new UsageError(`--${name} takes a whole number.`)
    return Number(value)
  })
}

/** A whole number, or `default`, which is read as null. */
export function wholeNumberOrDefault(name: string, about: string): Flag<number | null, true> {
  return flag('<number>|default', about, (value) => {
    if (value === 'default') return null
    if (!WHOLE_NUMBER.test(value)) throw new UsageError(`--${name} takes a whole number or default.`)
    return Number(value)
  })
}

/** `read,execute`: one scope or several, each once, in their own order. */
export function scopeList(about: string): Flag<Scope[], true> {
  return flag('<scope,…>', about, (value) => {
    const words = value.split(',').map((word) => word.trim())
    if (words.some((word) => !scopes.some((scope) => scope === word))) {
      throw new UsageError(`--scopes takes ${scopes.join(', ')}, with commas between.`)
    }
    return scopes.filter((scope) => words.includes(scope))
  })
}

export const scope = choice('scope', scopes, 'Which kind of request.')
export const plan = choice('plan', plans, 'The plan.')
export const role = choice('role', roles, 'The role in --org; member when left out.')
export const org = flag('<id or slug>', 'The organization.', notEmpty('org'))
export const email = text('email', 'The address to sign in with.')

/** `-` keeps a secret out of the list of processes and of the shell's history. */
export function secret(name: string, about: string): Flag<string, true> {
  return flag(`<${name}>|-`, about, (value) =>
    value === '-' ? readSecret(`${name}: `) : notEmpty(name)(value),
  )
}

/** As `secret`, but the domain judges it: a password may hold spaces at its ends. */
export const password = flag(
  '<password>|-',
  'At least 12 characters; with - it is read from standard input.',
  (value) => (value === '-' ? readSecret('Password: ') : value),
)

/** The organization that a flag names, and the principal of the operator who acts for it. */
export async function actFor(
  idOrSlug: string,
): Promise<{ organization: Organization; principal: OperatorPrincipal }> {
  const organization = await findOrganization(idOrSlug)
  return { organization, principal: operatorFor(organization.id) }
}

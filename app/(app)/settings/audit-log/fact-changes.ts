import { canonicalJson, type Json } from '@/lib/core/canonical-json'

const TEXT_MAX = 600

/** One fact of a thing, before and after; null where it was not there. */
export interface FactChange {
  name: string
  before: string | null
  after: string | null
}

type Facts = { readonly [name: string]: Json } | null

function isFacts(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Facts by their path, those within others included: `model.name`. */
function flatten(facts: Facts, path = ''): Map<string, Json> {
  const flat = new Map<string, Json>()
  for (const [name, value] of Object.entries(facts ?? {})) {
    if (isFacts(value) && Object.keys(value).length > 0)
      for (const [inner, each] of flatten(value, `${path}${name}.`)) flat.set(inner, each)
    else flat.set(path + name, value)
  }
  return flat
}

function inWords(value: Json | undefined): string | null {
  if (value === undefined) return null
  if (value === null) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return cut(value.length === 0 ? 'none' : value.join(', '))
  return cut(typeof value === 'string' ? value || 'empty' : canonicalJson(value))
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`
}

/**
 * What differs between before and after. Where there is but one of the two, all of it but what says nothing: a thing was
 * made or deleted.
 */
export function factChanges(before: Facts, after: Facts): FactChange[] {
  const [old, now] = [flatten(before), flatten(after)]
  const isBoth = before !== null && after !== null
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name): FactChange[] => {
    const [left, right] = [old.get(name), now.get(name)]
    if (isBoth && left !== undefined && right !== undefined && canonicalJson(left) === canonicalJson(right))
      return []
    if (!isBoth && (left ?? right ?? null) === null) return []
    return [{ name, before: inWords(left), after: inWords(right) }]
  })
}

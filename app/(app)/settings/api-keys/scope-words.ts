import type { Scope } from '@/lib/core/principal'

/** What a scope is called, and what a key that has it may do. */
export const scopeWords: Record<Scope, { title: string; description: string }> = {
  read: { title: 'Read', description: 'See agents, data sources and interactions.' },
  write: { title: 'Write', description: 'Make, change and delete agents and data sources.' },
  execute: { title: 'Execute', description: 'Put questions to agents: query and chat.' },
  admin: { title: 'Admin', description: 'Everything, organization settings and keys too.' },
}

/** "Read", "Read and Execute", "Read, Write and Execute". */
export function scopeList(scopes: readonly Scope[]): string {
  const titles = scopes.map((scope) => scopeWords[scope].title)
  const last = titles.pop() ?? 'no scope'
  return titles.length === 0 ? last : `${titles.join(', ')} and ${last}`
}

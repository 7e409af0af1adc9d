export interface CommandCount {
  all: number
  /** Alike to one that an idle process sends. */
  background: number
  /** The remainder: what requests wait for. */
  other: number
  /** How often each was sent, by name and script. */
  byName: Record<string, number>
}

/** What a Redis command does, without what it does it to: its name, and the digest or beginning of its script. */
export function commandName([name = '', script = '']: readonly string[]): string {
  const upper = name.toUpperCase()
  return upper.startsWith('EVAL') ? `${upper} ${script.slice(0, 40)}` : upper
}

/**
 * Sorts Redis commands by why they were sent.
 * @param idle names of those that a process sends without being asked anything
 */
export function countCommands(commands: readonly string[][], idle: ReadonlySet<string>): CommandCount {
  const count: CommandCount = { all: 0, background: 0, other: 0, byName: {} }
  for (const name of commands.map(commandName)) {
    count.all += 1
    count[idle.has(name) ? 'background' : 'other'] += 1
    count.byName[name] = (count.byName[name] ?? 0) + 1
  }
  return count
}

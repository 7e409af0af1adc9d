import { join } from 'node:path'
import { z } from 'zod'
import { root } from '../server/configuration'
import { Problem } from '../server/problem.mjs'
import { runCommand } from '../server/run-command'
import { neutralEnvironment } from '../server/server-under-test'

const LOADER = import.meta.resolve('tsx/esm')

/** The settings by which a Twig, and the command line that acts on its data, are found. */
export type Settings = Readonly<Record<string, string>>

const Made = z.object({ id: z.string() })
const MadeKey = z.object({ id: z.string(), key: z.string() })

/**
 * Runs lines of the operator's command line, one after the other.
 * @returns the documents that `--json` prints, one for each
 * @throws Problem with what was said when one fails
 */
async function twig(settings: Settings, lines: readonly string[][]): Promise<unknown[]> {
  const script = join(root, 'bench/twig-lines.ts')
  const words = lines.map((line) => JSON.stringify([...line, '--json']))
  const { ok, output } = await runCommand(process.execPath, ['--import', LOADER, script, ...words], {
    cwd: root,
    env: { ...neutralEnvironment(), ...settings },
    output: 'kept',
  })
  if (!ok) throw new Problem(`The command line failed: ${output.trim()}`)
  const documents = output.split('\0').slice(0, -1)
  return documents.map((text) => JSON.parse(text))
}

interface OrganizationOptions {
  name: string
  /** Requests a minute for each key, by scope. */
  limits: Readonly<Record<string, number>>
  /** Scopes of the key that is made for it. */
  scopes: string
}

export interface PreparedOrganization {
  id: string
  key: string
}

function linesOf({ name, limits, scopes }: OrganizationOptions): string[][] {
  const slug = name.toLowerCase()
  return [
    ['org', 'create', '--name', name, '--slug', slug, '--plan', 'enterprise'],
    ...Object.entries(limits).map(([scope, perMinute]) => {
      return ['limits', 'set', '--org', slug, '--scope', scope, '--per-minute', String(perMinute)]
    }),
    ['key', 'create', '--org', slug, '--name', 'bench', '--scopes', scopes, '--env', 'live'],
  ]
}

/** Makes Enterprise organizations, each with limits of its own and a key. */
export async function prepareOrganizations<T extends readonly OrganizationOptions[]>(
  settings: Settings,
  ...wanted: T
): Promise<{ -readonly [K in keyof T]: PreparedOrganization }> {
  const all = wanted.map(linesOf)
  const documents = await twig(settings, all.flat())
  const made = all.map((lines) => {
    const [organization, ...rest] = documents.splice(0, lines.length)
    return { id: Made.parse(organization).id, key: MadeKey.parse(rest.at(-1)).key }
  })
  return made as { -readonly [K in keyof T]: PreparedOrganization }
}

/** Makes a live key with the read scope over the API. */
export async function createKey(url: string, adminKey: string): Promise<{ id: string; key: string }> {
  const response = await fetch(`${url}/api/v1/api-keys`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'bench', scopes: ['read'], environment: 'live' }),
  })
  const text = await response.text()
  if (response.status !== 201) throw new Problem(`A key could not be made (${response.status}): ${text}`)
  return MadeKey.parse(JSON.parse(text))
}

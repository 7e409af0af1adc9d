import { join } from 'node:path'
import { z } from 'zod'
import { root } from '../server/configuration'
import { Problem } from '../server/problem.mjs'
import { runCommand } from '../server/run-command'
import { neutralEnvironment } from '../server/server-under-test'

/** The settings by which a Twig, and the command line that acts on its data, are found. */
export type Settings = Readonly<Record<string, string>>

const Made = z.object({ id: z.string() })
const MadeKey = z.object({ id: z.string(), key: z.string() })

/**
 * Runs the operator's command line.
 * @returns the document that `--json` prints
 * @throws Problem with what it says when it fails
 */
async function twig(settings: Settings, ...args: string[]): Promise<unknown> {
  const script = join(root, 'server/bootstrap.mjs')
  const { ok, output } = await runCommand(process.execPath, [script, 'twig', ...args, '--json'], {
    cwd: root,
    env: { ...neutralEnvironment(), ...settings },
    output: 'kept',
  })
  if (!ok) throw new Problem(`twig ${args.slice(0, 2).join(' ')} failed: ${output.trim()}`)
  return JSON.parse(output)
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

/** Makes an Enterprise organization with limits of its own and a key. */
export async function prepareOrganization(
  settings: Settings,
  { name, limits, scopes }: OrganizationOptions,
): Promise<PreparedOrganization> {
  const made = await twig(settings, 'org', 'create', '--name', name, '--plan', 'enterprise')
  const { id } = Made.parse(made)
  for (const [scope, perMinute] of Object.entries(limits)) {
    await twig(settings, 'limits', 'set', '--org', id, '--scope', scope, '--per-minute', String(perMinute))
  }
  const created = await twig(
    settings,
    ...['key', 'create', '--org', id, '--name', 'bench', '--scopes', scopes, '--env', 'live'],
  )
  return { id, key: MadeKey.parse(created).key }
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

import { setTimeout as sleep } from 'node:timers/promises'
import { TwigError } from '../../lib/core/errors'
import {
  type ApiKey,
  ApiKeyIdInput,
  CreateApiKeyInput,
  graceTimes,
  RevocationReceipt,
} from '../../lib/core/key-schemas'
import { environments, type OperatorPrincipal } from '../../lib/core/principal'
import { revokeApiKey, rotateApiKey, updateApiKey } from '../../lib/domain/api-key-changes'
import { createApiKey, listApiKeys, operatorForKey } from '../../lib/domain/api-keys'
import { actFor, choice, fromSchema, optional, org, scopeList } from '../flags'
import { type Answer, minute, plain, table } from '../output'
import { UsageError, verb } from '../verb'

const PAGE = 200
const ATTEMPTS = 3
const PAUSE_MS = 300

const create = verb({
  summary: 'Makes a key and prints it, this once.',
  flags: {
    org,
    name: fromSchema('<name>', 'What the key is for.', CreateApiKeyInput.shape.name),
    scopes: scopeList('What it may do: read, write, execute, admin, one or several.'),
    env: choice('env', environments, 'Which data and which API it is for.'),
  },
  run: async ({ org, name, scopes, env }) => {
    const { principal } = await actFor(org)
    const { id, key, ...rest } = await createApiKey(principal, { name, scopes, environment: env })
    return {
      document: { id, key, ...rest },
      text: `${key}\n\nThis is the ${env} key ${plain(rest.name)} (${id}). Keep it now: it is not shown again.`,
    }
  },
})

/** `ending 2026-02-01 09:30 UTC`: the state, with the time that belongs to it. */
function stateOf({ state, ends_at }: ApiKey): string {
  return ends_at === null ? state : `${state} ${minute(ends_at)}`
}

const list = verb({
  summary: "Shows an organization's keys, the newest first.",
  flags: { org },
  run: async ({ org }) => {
    const { principal } = await actFor(org)
    const keys: ApiKey[] = []
    for (let cursor: string | undefined, more = true; more; ) {
      const page = await listApiKeys(principal, { limit: PAGE, cursor })
      keys.push(...page.data)
      cursor = page.next_cursor ?? undefined
      more = page.has_more
    }
    const rows = keys.map((key) => [
      key.id,
      key.name,
      key.masked,
      key.scopes.join(','),
      stateOf(key),
      minute(key.created_at),
      key.last_used_at ? minute(key.last_used_at) : 'never',
    ])
    const headings = ['ID', 'NAME', 'KEY', 'SCOPES', 'STATE', 'CREATED', 'LAST USED']
    return { document: keys, text: rows.length === 0 ? 'It has no keys.' : table(headings, rows) }
  },
})

function isPending(error: unknown): error is TwigError {
  return error instanceof TwigError && error.code === 'revocation_pending'
}

/** Repeated for a moment while Redis cannot be told: the same change again does nothing but tell it anew. */
async function withPatience<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (!isPending(error) || attempt === ATTEMPTS) throw error
      await sleep(PAUSE_MS)
    }
  }
}

/** What the verbs about one key have in common: its id, and --org for who wants to be sure. */
const oneKey = {
  argument: { placeholder: '<id>', required: true },
  check: (_given: unknown, id: string) => {
    if (ApiKeyIdInput.safeParse({ id }).success) return
    throw new UsageError("A key's id begins with key_; twig key list shows it.")
  },
} as const

async function operatorOf(id: string, org: string | undefined): Promise<OperatorPrincipal> {
  return org === undefined ? operatorForKey(id) : (await actFor(org)).principal
}

const revoke = verb({
  summary: 'Deletes a key; running servers refuse it at once. Prints the receipt.',
  flags: { org: optional(org) },
  ...oneKey,
  run: async ({ org }, id) => {
    const principal = await operatorOf(id, org)
    try {
      const receipt = await withPatience(() => revokeApiKey(principal, { id }))
      return { document: receipt, text: `Deleted ${id}; it is refused from ${receipt.effective_at} on.` }
    } catch (error) {
      if (!isPending(error)) throw error
      const receipt = RevocationReceipt.parse(error.details)
      return {
        document: receipt,
        text: `Deleted ${id}; it is refused from ${receipt.effective_at} on at the latest.`,
        warning: error.message,
        exitCode: 1,
      }
    }
  },
})

const rotate = verb({
  summary: 'Replaces a key by a successor, which it prints, this once; the old one works on for a while.',
  flags: {
    org: optional(org),
    grace: optional(choice('grace', graceTimes, 'How long the old key still works; 24h when left out.')),
  },
  ...oneKey,
  run: async ({ org, grace = '24h' }, id) => {
    const { id: successor, key, ...rest } = await rotateApiKey(await operatorOf(id, org), { id, grace })
    const old = grace === 'now' ? `${id} has ended.` : `${id} works for another ${grace}.`
    return {
      document: { id: successor, key, ...rest },
      text: `${key}\n\nThis is the successor of the key ${plain(rest.name)} (${successor}). Keep it now: it is not shown again. ${old}`,
    }
  },
})

/** Changes a key and says so, also where a cache could not be told yet. */
async function change(
  id: string,
  org: string | undefined,
  wishes: { name?: string; disabled?: boolean },
  done: (key: ApiKey) => string,
): Promise<Answer> {
  const principal = await operatorOf(id, org)
  try {
    const key = await withPatience(() => updateApiKey(principal, { id, ...wishes }))
    return { document: key, text: done(key) }
  } catch (error) {
    if (!isPending(error)) throw error
    return {
      document: error.details,
      text: `Changed ${id}; it counts from ${String(error.details.effective_at)} on at the latest.`,
      warning: error.message,
      exitCode: 1,
    }
  }
}

const disable = verb({
  summary: 'Disables a key; running servers refuse it at once, until it is enabled.',
  flags: { org: optional(org) },
  ...oneKey,
  run: ({ org }, id) => change(id, org, { disabled: true }, () => `${id} is disabled.`),
})

const enable = verb({
  summary: 'Enables a disabled key.',
  flags: { org: optional(org) },
  ...oneKey,
  run: ({ org }, id) => change(id, org, { disabled: false }, (key) => `${id} is ${stateOf(key)}.`),
})

const rename = verb({
  summary: 'Gives a key another name.',
  flags: {
    org: optional(org),
    name: fromSchema('<name>', 'What the key is for.', CreateApiKeyInput.shape.name),
  },
  ...oneKey,
  run: ({ org, name }, id) => change(id, org, { name }, (key) => `${id} is now called ${plain(key.name)}.`),
})

export const keyVerbs = { create, list, rotate, disable, enable, rename, revoke }

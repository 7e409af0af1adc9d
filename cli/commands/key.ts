import { setTimeout as sleep } from 'node:timers/promises'
import { TwigError } from '../../lib/core/errors'
import { environments } from '../../lib/core/principal'
import { type ApiKey, ApiKeyIdInput, CreateApiKeyInput, RevocationReceipt } from '../../lib/core/schemas'
import { createApiKey, listApiKeys, operatorForKey, revokeApiKey } from '../../lib/domain/api-keys'
import { actFor, choice, fromSchema, optional, org, scopeList } from '../flags'
import { minute, plain, table } from '../output'
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
      minute(key.created_at),
      key.last_used_at ? minute(key.last_used_at) : 'never',
    ])
    const headings = ['ID', 'NAME', 'KEY', 'SCOPES', 'CREATED', 'LAST USED']
    return { document: keys, text: rows.length === 0 ? 'It has no keys.' : table(headings, rows) }
  },
})

function isPending(error: unknown): error is TwigError {
  return error instanceof TwigError && error.code === 'revocation_pending'
}

/** Repeated for a moment while Redis cannot be told: deleting again changes nothing but that. */
async function revokeWithPatience(id: string, org: string | undefined): Promise<RevocationReceipt> {
  const principal = org === undefined ? await operatorForKey(id) : (await actFor(org)).principal
  for (let attempt = 1; ; attempt++) {
    try {
      return await revokeApiKey(principal, { id })
    } catch (error) {
      if (!isPending(error) || attempt === ATTEMPTS) throw error
      await sleep(PAUSE_MS)
    }
  }
}

const revoke = verb({
  summary: 'Deletes a key; running servers refuse it at once. Prints the receipt.',
  flags: { org: optional(org) },
  argument: { placeholder: '<id>', required: true },
  check: (_given, id) => {
    if (ApiKeyIdInput.safeParse({ id }).success) return
    throw new UsageError("A key's id begins with key_; twig key list shows it.")
  },
  run: async ({ org }, id) => {
    try {
      const receipt = await revokeWithPatience(id, org)
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

export const keyVerbs = { create, list, revoke }

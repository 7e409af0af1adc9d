import { TwigError } from '../../lib/core/errors'
import { isEverything, parseRange, rangeSizeText, rangeText } from '../../lib/core/ip-ranges'
import type { OperatorPrincipal } from '../../lib/core/principal'
import { AllowlistRangeInput } from '../../lib/core/protection-schemas'
import { addAllowlistRange, removeAllowlistRange } from '../../lib/domain/allowlist-changes'
import { type AllowlistState, allowlistState } from '../../lib/domain/allowlist-ranges'
import { actFor, fromSchema, optional, org } from '../flags'
import { type Answer, minute, plain, table } from '../output'
import { verb } from '../verb'
import { NOT_IN_FORCE } from './limits'

const { cidr: Cidr, description: Description } = AllowlistRangeInput.shape
const cidr = fromSchema('<range>', 'A CIDR range or an address, e.g. 203.0.113.0/24 or 2001:db8::/32.', Cidr)
const description = optional(fromSchema('<text>', 'What it is, for people.', Description))

function sizeOf(cidr: string): string {
  const parsed = parseRange(cidr)
  return parsed.ok ? rangeSizeText(parsed.range) : ''
}

/** What is made although Redis could not be told of it. */
async function orPending<T>(
  act: () => Promise<T>,
  done: () => Promise<T>,
): Promise<{ value: T; told: boolean }> {
  try {
    return { value: await act(), told: true }
  } catch (error) {
    if (!(error instanceof TwigError) || error.code !== 'revocation_pending') throw error
    return { value: await done(), told: false }
  }
}

async function findByCidr(principal: OperatorPrincipal, cidr: string) {
  const found = (await allowlistState(principal)).ranges.find((range) => range.cidr === cidr)
  if (found) return found
  throw new TwigError('not_found', 'The allowlist has no such range; twig allowlist list shows them.')
}

function warningOf(cidr: string, told: boolean): Pick<Answer, 'warning'> {
  const parsed = parseRange(cidr)
  const everything =
    parsed.ok && isEverything(parsed.range)
      ? [
          `${rangeText(parsed.range)} holds every IPv${parsed.range.family} address: the list keeps none of them out.`,
        ]
      : []
  const all = [...everything, ...(told ? [] : [NOT_IN_FORCE])]
  return all.length > 0 ? { warning: all.join('\n') } : {}
}

const add = verb({
  summary: 'Adds a range to the IP allowlist, in force at once (Enterprise plan).',
  flags: { org, cidr, description },
  run: async ({ org, cidr, description = '' }) => {
    const { organization, principal } = await actFor(org)
    const { value, told } = await orPending(
      () => addAllowlistRange(principal, { cidr, description }),
      () => findByCidr(principal, cidr),
    )
    return {
      document: { ...value, told },
      text: `${value.cidr} (${sizeOf(value.cidr)}) is in the allowlist of ${plain(organization.name)}; requests from elsewhere are refused.`,
      ...warningOf(cidr, told),
    }
  },
})

function stateText({ inForce, coversConsole, unconfirmed }: AllowlistState): string {
  if (!inForce) return 'The list is not in force.'
  const what = coversConsole ? 'for keys and for the console' : 'for keys'
  const wait = unconfirmed
    ? ` It is switched off again at ${minute(unconfirmed.by)} unless an admin confirms it.`
    : ''
  return `The list is in force ${what}.${wait}`
}

const list = verb({
  summary: "Shows an organization's IP allowlist.",
  flags: { org },
  run: async ({ org }) => {
    const { principal } = await actFor(org)
    const state = await allowlistState(principal)
    const rows = state.ranges.map(({ id, cidr, description, created_at }) => {
      return [id, cidr, sizeOf(cidr), minute(created_at), description]
    })
    const text =
      rows.length === 0
        ? 'It has no ranges: requests are taken from everywhere.'
        : `${table(['ID', 'RANGE', 'HOLDS', 'ADDED', 'DESCRIPTION'], rows)}\n\n${stateText(state)}`
    return { document: state.ranges, text }
  },
})

const remove = verb({
  summary: 'Removes a range from the IP allowlist; with the last one requests are taken from everywhere.',
  flags: { org, cidr },
  run: async ({ org, cidr }) => {
    const { principal } = await actFor(org)
    const { id } = await findByCidr(principal, cidr)
    const { value, told } = await orPending(
      () => removeAllowlistRange(principal, { id }),
      async () => {
        const { inForce } = await allowlistState(principal)
        return { id, cidr, deleted: true as const, in_force: inForce }
      },
    )
    const rest = value.in_force ? '' : ' The list is not in force: requests are taken from everywhere.'
    return {
      document: { ...value, told },
      text: `${cidr} is removed.${rest}`,
      ...(told ? {} : { warning: NOT_IN_FORCE }),
    }
  },
})

export const allowlistVerbs = { add, list, remove }

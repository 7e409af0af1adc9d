import { canonicalDomain } from '../../lib/core/domain-names'
import { TwigError } from '../../lib/core/errors'
import type { OperatorPrincipal } from '../../lib/core/principal'
import { checkDomain, vouchForDomain } from '../../lib/domain/domain-proofs'
import { addDomain, listDomains, type OrganizationDomain, removeDomain } from '../../lib/domain/domains'
import { actFor, org, text, toggle } from '../flags'
import { type Answer, minute, plain, table } from '../output'
import { verb } from '../verb'

const domain = text('domain', 'The domain of mail addresses, e.g. acme.com.')
const trust = toggle('Takes your word for it that the domain is theirs: no record is asked for.')

function documentOf(own: OrganizationDomain) {
  const { id, name, record, verifiedAt, vouched, checkedAt, finding, missingSince } = own
  return {
    id,
    domain: name,
    verified: verifiedAt !== null,
    verified_at: verifiedAt?.toISOString() ?? null,
    vouched,
    record,
    checked_at: checkedAt?.toISOString() ?? null,
    finding,
    missing_since: missingSince?.toISOString() ?? null,
  }
}

function wanted({ name, record }: OrganizationDomain): string {
  return `To show that ${name} is theirs they set this record, then: twig domain verify.\n\n${record.name}  TXT  ${record.value}`
}

/** The organization's domain of this name. Throws not_found. */
async function findByName(principal: OperatorPrincipal, given: string): Promise<OrganizationDomain> {
  const name = canonicalDomain(given)
  const found = (await listDomains(principal)).find((own) => own.name === name)
  if (!found)
    throw new TwigError('not_found', 'The organization has no such domain; twig domain list shows them.')
  return found
}

async function vouch(principal: OperatorPrincipal, domain: string): Promise<Answer> {
  const own = await vouchForDomain(principal, { domain })
  return { document: documentOf(own), text: `${own.name} is verified: you vouched for it.` }
}

const add = verb({
  summary: 'Adds a domain to an organization and prints the record that shows whose it is.',
  flags: { org, domain, trust },
  run: async ({ org, domain, trust }) => {
    const { principal } = await actFor(org)
    if (trust) return vouch(principal, domain)
    const own = await addDomain(principal, { domain })
    return {
      document: documentOf(own),
      text: own.verifiedAt ? `${own.name} is verified already.` : wanted(own),
    }
  },
})

const verify = verb({
  summary: "Looks for a domain's record now; exits 1 where it is not verified.",
  flags: { org, domain, trust },
  run: async ({ org, domain, trust }) => {
    const { principal } = await actFor(org)
    if (trust) return vouch(principal, domain)
    const own = await checkDomain(principal, await findByName(principal, domain))
    const finding = own.finding ?? 'Nothing was found.'
    if (own.verifiedAt) return { document: documentOf(own), text: `${own.name} is verified. ${finding}` }
    return {
      document: documentOf(own),
      text: `${own.name} is not verified. ${wanted(own)}`,
      warning: finding,
      exitCode: 1,
    }
  },
})

function stateOf({ verifiedAt, vouched, missingSince }: OrganizationDomain): string {
  if (!verifiedAt) return 'not verified'
  if (missingSince) return `verified, record missing since ${minute(missingSince)}`
  return vouched ? 'verified (vouched for)' : 'verified'
}

const list = verb({
  summary: "Shows an organization's domains.",
  flags: { org },
  run: async ({ org }) => {
    const { principal } = await actFor(org)
    const all = await listDomains(principal)
    const rows = all.map((own) => [
      own.id,
      own.name,
      stateOf(own),
      own.checkedAt ? minute(own.checkedAt) : 'never',
      own.finding ?? '',
    ])
    const headings = ['ID', 'DOMAIN', 'STATE', 'CHECKED', 'FOUND']
    const text = rows.length === 0 ? 'It has no domains.' : table(headings, rows)
    return { document: all.map(documentOf), text }
  },
})

const remove = verb({
  summary: 'Removes a domain; nobody signs in with SSO by it any more.',
  flags: { org, domain },
  run: async ({ org, domain }) => {
    const { principal } = await actFor(org)
    const { id, name } = await findByName(principal, domain)
    await removeDomain(principal, { id })
    return { document: { id, domain: name, removed: true }, text: `Removed ${plain(name)}.` }
  },
})

export const domainVerbs = { add, verify, list, remove }

import { canonicalEmail } from '../../lib/core/email'
import { TwigError } from '../../lib/core/errors'
import { RemovalQuery } from '../../lib/core/member-schemas'
import { type OperatorPrincipal, roles } from '../../lib/core/principal'
import { removeMember } from '../../lib/domain/member-removal'
import { changeMemberRole } from '../../lib/domain/members'
import { listMembers } from '../../lib/domain/organizations'
import { actFor, choice, email, optional, org } from '../flags'
import { count, minute, plain, table } from '../output'
import { verb } from '../verb'

/** The member with this address. Throws not_found. */
async function memberOf(principal: OperatorPrincipal, address: string) {
  const wanted = canonicalEmail(address)
  const member = (await listMembers(principal)).find(({ email }) => email === wanted)
  if (!member) throw new TwigError('not_found', 'The organization has no member with this address.')
  return member
}

const list = verb({
  summary: "Shows an organization's members, those who joined first on top.",
  flags: { org },
  run: async ({ org }) => {
    const { principal } = await actFor(org)
    const people = await listMembers(principal)
    const document = people.map(({ userId, email, name, role, joinedAt }) => {
      return { id: userId, email, name, role, joined_at: joinedAt.toISOString() }
    })
    const rows = people.map(({ userId, email, name, role, joinedAt }) => {
      return [userId, email, name, role, minute(joinedAt)]
    })
    const headings = ['ID', 'EMAIL', 'NAME', 'ROLE', 'JOINED']
    return { document, text: rows.length === 0 ? 'It has no members.' : table(headings, rows) }
  },
})

const setRole = verb({
  summary: 'Gives a member another role; the last owner keeps theirs.',
  flags: { org, email, role: choice('role', roles, 'The role.') },
  run: async ({ org, email, role }) => {
    const { principal } = await actFor(org)
    const { userId: id } = await memberOf(principal, email)
    const member = await changeMemberRole(principal, { id, role })
    return { document: member, text: `${plain(member.email)} is now ${member.role}.` }
  },
})

const remove = verb({
  summary: 'Removes a member; the last owner stays. Their sessions of the organization end.',
  flags: {
    org,
    email,
    'api-keys': optional(
      choice('api-keys', ['keep', 'revoke'], 'What becomes of keys that they made; keep when left out.'),
    ),
    connections: optional(
      choice(
        'connections',
        ['keep', 'disconnect'],
        'And of data sources connected with their account; keep when left out.',
      ),
    ),
    invitations: optional(
      choice('invitations', ['keep', 'withdraw'], 'And of invitations that they sent; keep when left out.'),
    ),
  },
  run: async (given) => {
    const { principal } = await actFor(given.org)
    const { userId: id, email } = await memberOf(principal, given.email)
    const { 'api-keys': api_keys, connections, invitations } = given
    const choices = RemovalQuery.parse({ api_keys, connections, invitations })
    const removed = await removeMember(principal, { id, ...choices })
    const keys = removed.api_keys_revoked.length
    const sources = removed.connections_ended.length
    const parts = [
      count(removed.sessions_ended, 'session'),
      ...(keys > 0 ? [count(keys, 'key')] : []),
      ...(sources > 0 ? [count(sources, 'connection')] : []),
    ]
    return {
      document: removed,
      text: `${plain(email)} is removed; ${new Intl.ListFormat('en-GB').format(parts)} ended.`,
    }
  },
})

export const memberVerbs = { list, 'set-role': setRole, remove }

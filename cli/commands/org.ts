import { deleteOrganization } from '../../lib/domain/organization-deletion'
import { organizationLimits } from '../../lib/domain/organization-limits'
import { createOrganization, listMembers, listOrganizations } from '../../lib/domain/organizations'
import { actFor, optional, org, plan, text } from '../flags'
import { count, minute, plain, table } from '../output'
import { UsageError, verb } from '../verb'
import { limitDocument, limitTable } from './limits'

const create = verb({
  summary: 'Makes an organization.',
  flags: {
    name: text('name', 'Its name.'),
    slug: optional(text('slug', 'Its short name: lower-case letters, digits, hyphens.')),
    plan: optional(plan),
  },
  run: async ({ name, slug, plan }) => {
    const made = await createOrganization({ name, slug, plan })
    const document = { id: made.id, slug: made.slug, name: made.name, plan: made.plan }
    return { document, text: `Made ${plain(made.name)} (${made.slug}, ${made.id}) on the plan ${made.plan}.` }
  },
})

const list = verb({
  summary: 'Shows all organizations.',
  flags: {},
  run: async () => {
    const all = await listOrganizations()
    const document = all.map(({ id, slug, name, plan, createdAt }) => {
      return { id, slug, name, plan, created_at: createdAt.toISOString() }
    })
    const rows = all.map(({ id, slug, name, plan, createdAt }) => [id, slug, name, plan, minute(createdAt)])
    const isEmpty = rows.length === 0
    return {
      document,
      text: isEmpty
        ? 'There are no organizations yet.'
        : table(['ID', 'SLUG', 'NAME', 'PLAN', 'CREATED'], rows),
    }
  },
})

const show = verb({
  summary: 'Shows one organization with its limits and members.',
  flags: { org: optional(org) },
  argument: { placeholder: '<id or slug>', required: false },
  check: ({ org }, argument) => {
    if ((org === undefined) !== (argument === '')) return
    throw new UsageError('Name one organization, by its id or slug.')
  },
  run: async ({ org }, argument) => {
    const { organization, principal } = await actFor(org ?? argument)
    const { id, slug, name, plan } = organization
    const limits = await organizationLimits(id)
    const people = await listMembers(principal)
    const members = people.map(({ userId, email, name, role, joinedAt }) => {
      return { user_id: userId, email, name, role, joined_at: joinedAt.toISOString() }
    })
    const rows = people.map(({ userId, email, name, role }) => [userId, email, name, role])
    return {
      document: { id, slug, name, plan, limits: limitDocument(limits), members },
      text: [
        `${plain(name)} (${slug}, ${id}) is on the plan ${plan}.`,
        limitTable(limits),
        rows.length === 0 ? 'It has no members.' : table(['USER', 'EMAIL', 'NAME', 'ROLE'], rows),
      ].join('\n\n'),
    }
  },
})

const remove = verb({
  summary: 'Deletes an organization with everything of it, for good. Accounts of people stay.',
  flags: { org, confirm: text('name', 'Its name once more, exactly.') },
  run: async ({ org, confirm }) => {
    const { organization, principal } = await actFor(org)
    const { id, deleted, sessionsMoved, sessionsEnded, keysRevoked, inForce } = await deleteOrganization(
      principal,
      { name: confirm },
    )
    const late = 'Redis could not be told of its keys yet: running servers may accept them for five minutes.'
    return {
      document: {
        id,
        deleted,
        keys_revoked: keysRevoked,
        sessions_moved: sessionsMoved,
        sessions_ended: sessionsEnded,
        in_force: inForce,
      },
      text: `Deleted ${plain(organization.name)} (${id}), ${count(keysRevoked, 'key')} of it.`,
      ...(inForce ? {} : { warning: late }),
    }
  },
})

export const orgVerbs = { create, list, show, delete: remove }

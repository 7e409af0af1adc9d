import { createUser, listUsers, setPassword } from '../../lib/domain/users'
import { email, optional, org, password, role, text } from '../flags'
import { count, minute, plain, table } from '../output'
import { UsageError, verb } from '../verb'

const create = verb({
  summary: 'Makes an account; without --org with an organization of its own.',
  flags: {
    email,
    password,
    name: optional(text('name', 'Their name; what stands before the @ when left out.')),
    org: optional(org),
    role: optional(role),
  },
  check: ({ org, role }) => {
    if (role !== undefined && org === undefined) throw new UsageError('--role needs --org.')
  },
  run: async ({ email, password, name, org, role }) => {
    const user = await createUser({ email, password, name, organization: org, role })
    return {
      document: { id: user.id, email: user.email, name: user.name },
      text: `Made an account for ${plain(user.email)} (${user.id}).`,
    }
  },
})

const list = verb({
  summary: 'Shows all accounts, or the members of --org.',
  flags: { org: optional(org) },
  run: async ({ org }) => {
    const users = await listUsers(org)
    const document = users.map(({ id, email, name, createdAt, memberships }) => ({
      id,
      email,
      name,
      created_at: createdAt.toISOString(),
      memberships: memberships.map(({ organizationId, slug, role }) => {
        return { organization_id: organizationId, slug, role }
      }),
    }))
    const rows = users.map(({ id, email, name, createdAt, memberships }) => {
      const places = memberships.map(({ slug, role }) => `${slug}: ${role}`).join(', ')
      return [id, email, name, places, minute(createdAt)]
    })
    const isEmpty = rows.length === 0
    return {
      document,
      text: isEmpty ? 'There is nobody yet.' : table(['ID', 'EMAIL', 'NAME', 'ROLES', 'CREATED'], rows),
    }
  },
})

const set = verb({
  summary: "Sets somebody's password and ends their sessions.",
  flags: { email, password },
  run: async ({ email, password }) => {
    const { id, email: address, ended } = await setPassword({ email, password })
    return {
      document: { id, email: address, sessions_ended: ended },
      text: `The password of ${plain(address)} is set; ${count(ended, 'session')} ended.`,
    }
  },
})

export const userVerbs = { create, list, 'set-password': set }

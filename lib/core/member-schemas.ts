import { z } from 'zod'
import { connectorProviders } from './connectors'
import { environments, roles, scopes } from './principal'
import { Email, Timestamp } from './schemas'

/** Shapes of members, of what they leave behind, and of invitations; shared by form, action, route and OpenAPI. */

const Role = z.enum(roles, { error: 'Choose viewer, member, admin or owner' })
const UserId = z.string().regex(/^user_\w{1,64}$/, 'This is not the id of a person')
const InvitationId = z.string().regex(/^inv_\w{1,64}$/, 'This is not the id of an invitation')
const Count = z.number().int().min(0)

export const Member = z
  .object({
    id: z.string().meta({ description: 'Of the person.', example: 'user_4fGh2Kq9ZrT7wXyB1cDe' }),
    name: z.string(),
    email: z.string(),
    role: z.enum(roles),
    joined_at: Timestamp,
  })
  .meta({ id: 'Member' })
export type Member = z.infer<typeof Member>

/** What hangs on a person in one organization. */
export const Belongings = z
  .object({
    sessions: Count.meta({ description: 'Signed in to this organization now; they always end.' }),
    api_keys: z
      .array(
        z.object({
          id: z.string(),
          name: z.string(),
          masked: z.string(),
          scopes: z.array(z.enum(scopes)),
          environment: z.enum(environments),
          last_used_at: Timestamp.nullable(),
        }),
      )
      .meta({ description: 'Keys that they made and that work or could be enabled again.' }),
    connections: z
      .array(
        z.object({
          id: z.string().meta({ description: 'Of the data source.' }),
          name: z.string(),
          provider: z.enum(connectorProviders),
          account_name: z.string(),
          environment: z.enum(environments),
        }),
      )
      .meta({ description: 'Data sources that read with what they granted to Twig at a provider.' }),
    invitations: z
      .array(z.object({ id: z.string(), email: z.string(), role: z.enum(roles) }))
      .meta({ description: 'Open invitations that they sent.' }),
    stays: z
      .object({ agents: Count, data_sources: Count, external_keys: Count })
      .meta({ description: 'What they made and what stays the organization’s.' }),
  })
  .meta({ id: 'Belongings' })
export type Belongings = z.infer<typeof Belongings>

export const MemberDetail = Member.extend({
  leaves_behind: Belongings.meta({ description: 'What removing them is about.' }),
}).meta({ id: 'MemberDetail' })
export type MemberDetail = z.infer<typeof MemberDetail>

export const MemberIdParams = z.strictObject({ id: z.string().max(128) })
export const MemberIdInput = z.strictObject({ id: UserId })
export const ChangeRoleBody = z.strictObject({ role: Role }).meta({ id: 'MemberChanges' })
export const ChangeRoleInput = ChangeRoleBody.extend({ id: UserId })

export const RemovalQuery = z.strictObject({
  api_keys: z
    .enum(['keep', 'revoke'], { error: 'Choose keep or revoke' })
    .default('keep')
    .meta({ description: 'Keys that they made are the organization’s: `keep` them, or `revoke` all.' }),
  connections: z.enum(['keep', 'disconnect'], { error: 'Choose keep or disconnect' }).default('keep').meta({
    description:
      'Data sources connected with their account: `keep` reading with it, or `disconnect` all. What was indexed stays either way.',
  }),
  invitations: z
    .enum(['keep', 'withdraw'], { error: 'Choose keep or withdraw' })
    .default('keep')
    .meta({ description: 'Open invitations that they sent.' }),
})
export type RemovalQuery = z.infer<typeof RemovalQuery>
export const RemoveMemberInput = RemovalQuery.extend({ id: UserId })

export const RemovedMember = z
  .object({
    id: z.string(),
    removed: z.literal(true),
    sessions_ended: Count,
    api_keys_revoked: z
      .array(z.object({ id: z.string(), revoked_at: Timestamp, effective_at: Timestamp }))
      .meta({ description: '`effective_at` lies ahead where a cache could not be told yet.' }),
    connections_ended: z.array(z.string()).meta({
      description:
        'Data sources whose tokens are deleted; the provider is asked to end the permission, until it answers.',
    }),
    invitations_withdrawn: z.array(z.string()),
  })
  .meta({ id: 'RemovedMember' })
export type RemovedMember = z.infer<typeof RemovedMember>

export const InviteMemberInput = z.strictObject({ email: Email, role: Role }).meta({ id: 'InvitationInput' })
export const InvitationIdInput = z.strictObject({ id: InvitationId })
export const InvitationIdParams = z.strictObject({ id: z.string().max(128) })
export const ChangeInvitationBody = z.strictObject({ role: Role }).meta({ id: 'InvitationChanges' })

export const Invitation = z
  .object({
    id: z.string().meta({ example: 'inv_4fGh2Kq9ZrT7wXyB1cDe' }),
    email: z.string(),
    role: z.enum(roles),
    invited_by: z.string().nullable().meta({ description: 'The person who sent it, where it was one.' }),
    created_at: Timestamp.meta({ description: 'When it was sent, the last time.' }),
    expires_at: Timestamp,
    expired: z.boolean(),
  })
  .meta({ id: 'Invitation' })
export type Invitation = z.infer<typeof Invitation>

/** The answer to sending one. */
export const SentInvitation = Invitation.extend({
  link: z.string().nullable().meta({
    description: 'Only where no SMTP is set, to be passed on by hand; else the mailbox alone has it.',
  }),
}).meta({ id: 'SentInvitation' })
export type SentInvitation = z.infer<typeof SentInvitation>

export const ResendInvitationBody = z.strictObject({}).meta({ id: 'InvitationResending' })
export const WithdrawnInvitation = z
  .object({ id: z.string(), withdrawn: z.literal(true) })
  .meta({ id: 'WithdrawnInvitation' })

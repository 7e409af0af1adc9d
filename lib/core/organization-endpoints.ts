import type { Endpoint } from './endpoints'
import {
  ChangeInvitationBody,
  ChangeRoleBody,
  Invitation,
  InvitationIdParams,
  InviteMemberInput,
  Member,
  MemberDetail,
  MemberIdParams,
  RemovalQuery,
  RemovedMember,
  ResendInvitationBody,
  SentInvitation,
  WithdrawnInvitation,
} from './member-schemas'
import { OrganizationInput, OrganizationSettings } from './organization-schemas'
import { ListQuery, listOf } from './schemas'

const invitee = { email: 'grace@example.com', role: 'member' } as const

/** The organization and who belongs to it. A key acts as an admin: it changes no owner and makes none. */
export const organizationEndpoints = {
  getOrganization: {
    method: 'get',
    path: '/organization',
    summary: 'The organization that the key belongs to, with its settings and what its plan unlocks.',
    output: OrganizationSettings,
    status: 200,
  },
  updateOrganization: {
    method: 'put',
    path: '/organization',
    summary:
      'Change the organization; what is left out stays. 409 for a slug that is taken, and for a Test key that would change more than the name.',
    body: OrganizationInput,
    sample: { name: 'Acme', interaction_retention_days: 90, session_idle_minutes: 480 },
    output: OrganizationSettings,
    status: 200,
  },
  listMembers: {
    method: 'get',
    path: '/members',
    summary: 'The organization’s people, those who joined last first.',
    query: ListQuery,
    output: listOf(Member),
    status: 200,
  },
  addMember: {
    method: 'post',
    path: '/members',
    summary:
      'Invite somebody, as `POST /invitations`: nobody becomes a member without accepting. The answer is the invitation.',
    body: InviteMemberInput,
    sample: invitee,
    output: SentInvitation,
    status: 201,
  },
  getMember: {
    method: 'get',
    path: '/members/{id}',
    summary: 'One member, with what they would leave behind.',
    params: MemberIdParams,
    output: MemberDetail,
    status: 200,
  },
  changeMember: {
    method: 'patch',
    path: '/members/{id}',
    summary:
      'Give a member another role; it counts from their next request on. Keys that they made stay as they are. 409 `conflict` for the last owner.',
    params: MemberIdParams,
    body: ChangeRoleBody,
    sample: { role: 'admin' },
    output: Member,
    status: 200,
  },
  removeMember: {
    method: 'delete',
    path: '/members/{id}',
    summary:
      'Remove a member. Their sessions of this organization end; `api_keys`, `connections` and `invitations` say what becomes of the rest. 409 `conflict` for the last owner.',
    params: MemberIdParams,
    query: RemovalQuery,
    output: RemovedMember,
    status: 200,
  },
  listInvitations: {
    method: 'get',
    path: '/invitations',
    summary: 'Open invitations, newest first; `expired` ones can be sent again.',
    query: ListQuery,
    output: listOf(Invitation),
    status: 200,
  },
  createInvitation: {
    method: 'post',
    path: '/invitations',
    summary:
      'Invite somebody by mail, for 7 days. An earlier open invitation to the address dies. It is not told whether the address has an account.',
    body: InviteMemberInput,
    sample: invitee,
    output: SentInvitation,
    status: 201,
  },
  getInvitation: {
    method: 'get',
    path: '/invitations/{id}',
    summary: 'One open invitation.',
    params: InvitationIdParams,
    output: Invitation,
    status: 200,
  },
  changeInvitation: {
    method: 'patch',
    path: '/invitations/{id}',
    summary: 'Change the role that an open invitation invites to; its link stays.',
    params: InvitationIdParams,
    body: ChangeInvitationBody,
    sample: { role: 'viewer' },
    output: Invitation,
    status: 200,
  },
  resendInvitation: {
    method: 'post',
    path: '/invitations/{id}/resend',
    summary: 'Send an open invitation again, for 7 more days; the earlier link dies.',
    params: InvitationIdParams,
    body: ResendInvitationBody,
    sample: {},
    output: SentInvitation,
    status: 200,
  },
  withdrawInvitation: {
    method: 'delete',
    path: '/invitations/{id}',
    summary: 'Withdraw an open invitation; its link is dead at once.',
    params: InvitationIdParams,
    output: WithdrawnInvitation,
    status: 200,
  },
} as const satisfies Record<string, Endpoint>

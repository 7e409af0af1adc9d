import { randomBytes } from 'node:crypto'
import * as allowlist from '../../domain/allowlist-changes'
import { confirmAllowlist } from '../../domain/allowlist-confirmation'
import { previewAllowlist } from '../../domain/allowlist-previews'
import { checkDomain } from '../../domain/domain-proofs'
import * as domains from '../../domain/domains'
import { explainRequest } from '../../domain/explanations'
import { checkHealth } from '../../domain/health'
import { countOlder } from '../../domain/interaction-search'
import * as invitations from '../../domain/invitations'
import * as removal from '../../domain/member-removal'
import { changeMemberRole } from '../../domain/members'
import { deleteOrganization } from '../../domain/organization-deletion'
import { endAllSessions } from '../../domain/organization-sessions'
import { updateOrganization } from '../../domain/organization-settings'
import * as ssoChanges from '../../domain/sso-connection-changes'
import { updateSsoConnection } from '../../domain/sso-connection-edits'
import * as enforcement from '../../domain/sso-enforcement'
import { beginSsoTest } from '../../domain/sso-flows'
import * as previews from '../../domain/sso-previews'
import { checkSsoMetadata } from '../../domain/sso-watch'
import type { Action } from './role-action'
import { WORK_ACTIONS } from './role-work-table'

// What each role may do in the console, by hand from spec.md G1: viewers see; members also make and change agents, data
// sources and keys of read, write, execute; admins all settings, members, keys of every scope; owners also Enforce SSO and
// the organization itself.

const email = () => `${randomBytes(8).toString('hex')}@roles.example`
const KEEP = { api_keys: 'keep', connections: 'keep', invitations: 'keep' } as const
const NOWHERE = 'https://127.0.0.1:1/'
const EXPLAINED = {
  authorization: 'Bearer none',
  method: 'GET',
  path: '/agents',
  client_ip: null,
  scheme: 'https',
} as const

export const ACTIONS: readonly Action[] = [
  ...WORK_ACTIONS,
  { verb: 'countOlder', least: 'admin', call: (who) => countOlder(who, { days: 90 }) },
  {
    verb: 'updateOrganization',
    least: 'admin',
    call: (who) => updateOrganization(who, { session_idle_minutes: 60 }),
  },
  { verb: 'endAllSessions', least: 'admin', call: (who) => endAllSessions(who) },
  {
    verb: 'inviteMember',
    least: 'admin',
    call: (who) => invitations.inviteMember(who, { email: email(), role: 'viewer' }),
  },
  {
    verb: 'resendInvitation',
    least: 'admin',
    kind: 'invitation',
    call: (who, id) => invitations.resendInvitation(who, { id }),
  },
  {
    verb: 'revokeInvitation',
    least: 'admin',
    kind: 'invitation',
    call: (who, id) => invitations.revokeInvitation(who, { id }),
  },
  { verb: 'getMember', least: 'admin', kind: 'member', call: (who, id) => removal.getMember(who, { id }) },
  {
    verb: 'changeMemberRole',
    least: 'admin',
    kind: 'member',
    call: (who, id) => changeMemberRole(who, { id, role: 'member' }),
  },
  {
    verb: 'removeMember',
    least: 'admin',
    kind: 'member',
    call: (who, id) => removal.removeMember(who, { id, ...KEEP }),
  },
  {
    verb: 'addAllowlistRange',
    least: 'admin',
    call: (who) => allowlist.addAllowlistRange(who, { cidr: '192.0.2.0/24', description: '', force: true }),
  },
  {
    verb: 'removeAllowlistRange',
    least: 'admin',
    kind: 'range',
    call: (who, id) => allowlist.removeAllowlistRange(who, { id, force: true }),
  },
  { verb: 'switchAllowlist', least: 'admin', call: (who) => allowlist.switchAllowlist(who, { on: false }) },
  {
    verb: 'switchConsoleCoverage',
    least: 'admin',
    call: (who) => allowlist.switchConsoleCoverage(who, { on: false }),
  },
  { verb: 'confirmAllowlist', least: 'admin', call: (who) => confirmAllowlist(who) },
  { verb: 'previewAllowlist', least: 'admin', call: (who) => previewAllowlist(who, {}) },
  { verb: 'explainRequest', least: 'member', call: (who) => explainRequest(who, EXPLAINED) },
  { verb: 'checkHealth', least: 'owner', call: (who) => checkHealth(who) },
  { verb: 'addDomain', least: 'admin', call: (who) => domains.addDomain(who, { domain: 'roles.example' }) },
  { verb: 'checkDomain', least: 'admin', kind: 'domain', call: (who, id) => checkDomain(who, { id }) },
  {
    verb: 'removeDomain',
    least: 'admin',
    kind: 'domain',
    call: (who, id) => domains.removeDomain(who, { id }),
  },
  {
    verb: 'previewSsoMetadata',
    least: 'admin',
    call: (who) => previews.previewSsoMetadata(who, { metadata_xml: '<x/>' }),
  },
  {
    verb: 'previewSsoIssuer',
    least: 'admin',
    call: (who) => previews.previewSsoIssuer(who, { discovery_url: NOWHERE }),
  },
  {
    verb: 'addSsoConnection',
    least: 'admin',
    call: (who) =>
      ssoChanges.addSsoConnection(who, {
        kind: 'oidc',
        provider: 'oidc',
        discovery_url: NOWHERE,
        client_id: 'twig',
        client_secret: 'secret',
      }),
  },
  {
    verb: 'updateSsoConnection',
    least: 'admin',
    kind: 'connection',
    call: (who, id) => updateSsoConnection(who, { id, name: 'Roles' }),
  },
  {
    verb: 'activateSsoConnection',
    least: 'admin',
    kind: 'connection',
    call: (who, id) => ssoChanges.activateSsoConnection(who, { id, active: true }),
  },
  {
    verb: 'setSsoPilots',
    least: 'admin',
    kind: 'connection',
    call: (who, id) => ssoChanges.setSsoPilots(who, { id, userIds: [] }),
  },
  {
    verb: 'checkSsoMetadata',
    least: 'admin',
    kind: 'connection',
    call: (who, id) => checkSsoMetadata(who, { id }),
  },
  { verb: 'openSsoTest', least: 'admin', kind: 'connection', call: (who, id) => beginSsoTest(who, { id }) },
  {
    verb: 'previewEnforcement',
    least: 'admin',
    kind: 'connection',
    call: (who, id) => enforcement.previewEnforcement(who, { id }),
  },
  {
    verb: 'removeSsoConnection',
    least: 'admin',
    kind: 'connection',
    call: (who, id) => ssoChanges.removeSsoConnection(who, { id }),
  },
  {
    verb: 'enforceSso',
    least: 'owner',
    kind: 'connection',
    call: (who, id) => enforcement.enforceSso(who, { id }),
  },
  {
    verb: 'unenforceSso',
    least: 'owner',
    kind: 'connection',
    call: (who, id) => enforcement.unenforceSso(who, { id }),
  },
  // The name is wrong, so that the organization is there for the next one: an owner is told that, others their role.
  {
    verb: 'deleteOrganizationHere',
    least: 'owner',
    call: (who) => deleteOrganization(who, { name: 'not its name' }),
  },
  // The last: it takes the caller away.
  { verb: 'leaveOrganizationHere', least: null, call: (who) => removal.leaveOrganization(who, KEEP) },
]

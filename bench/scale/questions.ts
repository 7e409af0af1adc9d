import { newId } from '../../lib/core/ids'
import { usagePeriods } from '../../lib/core/key-schemas'
import type { OperatorPrincipal, UserPrincipal } from '../../lib/core/principal'
import { AgentInput } from '../../lib/core/schemas'
import { listAccessLogs } from '../../lib/domain/access-logs'
import { countAgentsBy, createAgent, listAgents } from '../../lib/domain/agents'
import { revertUnconfirmed } from '../../lib/domain/allowlist-confirmation'
import { previewAllowlist } from '../../lib/domain/allowlist-previews'
import { revokeApiKey } from '../../lib/domain/api-key-changes'
import { createApiKey, getApiKey, listApiKeys } from '../../lib/domain/api-keys'
import { listAuditActions, listAuditLogs } from '../../lib/domain/audit-log'
import { trimAuditLogs } from '../../lib/domain/audit-retention'
import { deliverPending } from '../../lib/domain/cache-notices'
import { retryRevocations } from '../../lib/domain/connection-revocations'
import { claimDocument } from '../../lib/domain/document-states'
import { recheckDomains } from '../../lib/domain/domain-checks'
import { explainRequest } from '../../lib/domain/explanations'
import { countOlder, findInteractions, lastUses } from '../../lib/domain/interaction-search'
import { getInteraction, listInteractions, recordInteraction } from '../../lib/domain/interactions'
import { listInvitations } from '../../lib/domain/invitations'
import { remindOfAgedKeys } from '../../lib/domain/key-reminders'
import { verifyApiKey } from '../../lib/domain/key-verifier'
import { keysMadeBy } from '../../lib/domain/member-keys'
import { pageMembers } from '../../lib/domain/members'
import { sweepGoneOrganizations } from '../../lib/domain/organization-deletion'
import { sweepByRetention } from '../../lib/domain/organization-settings'
import { findPassword } from '../../lib/domain/passwords'
import { findableRequests, findRequest } from '../../lib/domain/request-trails'
import { listSessions } from '../../lib/domain/session-list'
import { isKnownPlace } from '../../lib/domain/session-places'
import {
  endOtherSessions,
  findActiveSession,
  startSessionSomewhere,
  touchSession,
} from '../../lib/domain/sessions'
import { claimSync } from '../../lib/domain/source-sync-claims'
import { remindOfCertificates, watchMetadata } from '../../lib/domain/sso-watch'
import { sweepExpired } from '../../lib/domain/sweep'
import { batchOf, eventOf } from '../../lib/domain/testing/usage-events'
import { admitsAttempt, signInAttempt } from '../../lib/domain/throttle'
import { apiKeyRequests, apiKeyUsage, keyUseToday } from '../../lib/domain/usage'
import { writeUsage } from '../../lib/domain/usage-writer'
import { findUserByEmail } from '../../lib/domain/users'
import { backgroundSettled } from '../../lib/store/background'
import { inTransaction } from '../../lib/store/db'
import * as at from './seed'

const DAY_MS = 86_400_000

/** What is measured at a size of the database. */
export interface Question {
  /** `request`: somebody waits for it. `chore`: nobody does. */
  kind: 'request' | 'chore'
  name: string
  work: () => Promise<unknown>
  /** Rows that it may look at, however many there are; a page has 50. Undefined where a chore counts by nature. */
  rowsMax?: number
}

const person: UserPrincipal = {
  kind: 'user',
  userId: at.PERSON,
  sessionId: at.SESSION,
  organizationId: at.BIG,
  role: 'owner',
  environment: 'live',
}
const operator: OperatorPrincipal = { kind: 'operator', organizationId: at.BIG, environment: 'live' }
const page = { limit: 50 }
/** A page that begins with what is so many days old. */
const deep = (days: number) => ({
  limit: 50,
  cursor: Buffer.from(`${Date.now() - days * DAY_MS}.zzz`).toString('base64url'),
})
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString()

/** A batch as a process writes it twice a second: a hundred requests of fifty keys, and blocked attempts. */
function batch() {
  const keyIds = Array.from({ length: 50 }, (_, index) => `key_${String(index).padStart(12, '0')}`)
  const events = [...keyIds, ...keyIds].map((keyId) => eventOf(keyId))
  const blocked = events
    .slice(0, 20)
    .map(({ requestId, timeMs, keyId, method, path, clientIp, userAgent }) => ({
      ...{ requestId, timeMs, lastMs: timeMs, count: 1, keyId, method, path, clientIp, userAgent },
      ...{ organizationId: null, environment: 'live' as const, userId: null },
      ...{ reason: 'allowlist' as const, code: 'ip_not_allowed' },
    }))
  return { ...batchOf(events), blocked }
}

const interaction = () => ({
  ...{ id: newId('int'), organizationId: at.BIG, environment: 'live' as const, agentId: at.AGENT },
  ...{
    agentName: 'Agent',
    sessionId: newId('sess'),
    kind: 'query',
    input: 'How?',
    sources: [],
    latencyMs: 40,
  },
  status: 'succeeded',
})

/** The verbs behind every request path and chore whose tables grow. `rows` is the size of the logs. */
export async function hotQuestions(rows: number): Promise<Question[]> {
  const { key, id: keyId } = await createApiKey(operator, {
    name: 'Fresh',
    scopes: ['read'],
    environment: 'live',
  })
  const requestId = 'req_000000000000'
  const newest = `req_${String(rows - 10).padStart(12, '0')}`
  const audits = { ...page, cursor: Buffer.from(`audit.${rows / 4}`).toString('base64url') }
  const ask = (name: string, work: () => Promise<unknown>, rowsMax?: number): Question => {
    return { kind: 'request', name, work, ...(rowsMax === undefined ? {} : { rowsMax }) }
  }
  const chore = (name: string, work: () => Promise<unknown>, rowsMax?: number): Question => {
    return { ...ask(name, work, rowsMax), kind: 'chore' }
  }
  return [
    ask('key: verify, first use', () => verifyApiKey(key), 10),
    ask('key: verify, emptied cache', () => verifyApiKey(key, true), 10),
    ask(
      'session: page',
      () => findActiveSession({ userId: at.PERSON, sessionId: at.SESSION, issuedAt: Date.now() / 1000 }),
      10,
    ),
    ask('session: note use', () => touchSession(at.SESSION, new Date(0)), 10),
    ask('session: list mine', () => listSessions(person), 10),
    ask('session: end others', () => endOtherSessions(person), 20),
    ask(
      'sign-in: throttle',
      () => admitsAttempt(signInAttempt({ email: at.EMAIL, clientIp: '192.0.2.1', known: false })),
      20,
    ),
    ask('sign-in: known place', () => isKnownPlace(at.EMAIL, '192.0.2.1'), 20),
    ask('sign-in: password', () => findPassword(at.EMAIL), 10),
    ask(
      'sign-in: start session',
      () => inTransaction((tx) => startSessionSomewhere(tx, { userId: at.PERSON, method: 'password' }, {})),
      30,
    ),
    ask('sign-up: address taken', () => findUserByEmail(at.EMAIL), 10),
    ask('keys: page', () => listApiKeys(person, page), 200),
    ask('keys: page far down', () => listApiKeys(person, deep(150)), 200),
    ask('keys: one', () => getApiKey(person, { id: at.BUSY_KEY }), 10),
    ask('keys: create', () => createApiKey(person, { name: 'K', scopes: ['read'], environment: 'live' }), 60),
    ask('keys: delete', () => revokeApiKey(person, { id: keyId }), 60),
    ask('keys: made by a member', () => keysMadeBy(at.BIG, 'user_000000000100', new Date()), 100),
    ...usagePeriods.map((period) =>
      ask(`usage: ${period} of the busy key`, () => apiKeyUsage(person, { id: at.BUSY_KEY, period }), 8_000),
    ),
    ask('usage: month of a quiet key', () => apiKeyUsage(person, { id: at.QUIET_KEY, period: '30d' }), 100),
    ask('usage: today', () => keyUseToday(person, { id: at.BUSY_KEY }), 250),
    ask('requests: page of the busy key', () => apiKeyRequests(person, { id: at.BUSY_KEY, ...page }), 400),
    ask('requests: page far down', () => apiKeyRequests(person, { id: at.BUSY_KEY, ...deep(15) }), 400),
    ask('requests: one by its id', () => findRequest(person, { id: newest }), 30),
    ask(
      'requests: which of fifty',
      () =>
        findableRequests(
          person,
          Array.from({ length: 50 }, (_, i) => `req_${String(rows - 10 * i - 10).padStart(12, '0')}`),
        ),
      200,
    ),
    ask(
      'requests: explain',
      () =>
        explainRequest(person, {
          key_id: at.BUSY_KEY,
          method: 'GET',
          path: '/agents',
          client_ip: '192.0.2.1',
          scheme: 'https',
        }),
      60,
    ),
    ask('members: page', () => pageMembers(person, page), 200),
    ask('members: page far down', () => pageMembers(person, deep(200)), 200),
    ask('members: invitations', () => listInvitations(person, page), 100),
    ask('agents: page', () => listAgents(person, page), 200),
    ask('agents: page far down', () => listAgents(person, deep(200)), 200),
    ask('agents: create', () => createAgent(person, AgentInput.parse({ name: 'A' })), 60),
    ask(
      'agents: made by a member',
      () => countAgentsBy({ organizationId: at.BIG, userId: 'user_000000000100' }),
      200,
    ),
    ask(
      'agents: last uses of fifty',
      () =>
        lastUses(
          person,
          Array.from({ length: 50 }, (_, i) => `agent_${String(2 * i).padStart(12, '0')}`),
        ),
      200,
    ),
    ask('interactions: page', () => listInteractions(person, { ...page, format: 'json' }), 200),
    ask('interactions: page far down', () => listInteractions(person, { ...deep(200), format: 'json' }), 200),
    ask(
      'interactions: of a quiet key',
      () => listInteractions(person, { ...page, format: 'json', key_id: at.QUIET_KEY }),
      200,
    ),
    ask(
      'interactions: of a person',
      () => listInteractions(person, { ...page, format: 'json', user_id: 'user_000000000002' }),
      200,
    ),
    ask(
      'interactions: of a session',
      () => listInteractions(person, { ...page, format: 'json', session_id: at.SESSION }),
      200,
    ),
    ask(
      'interactions: failed ones',
      () => listInteractions(person, { ...page, format: 'json', status: 'failed' }),
      200,
    ),
    ask(
      'interactions: of an agent, a while ago',
      () => listInteractions(person, { ...page, format: 'json', agent_id: at.AGENT, to: daysAgo(200) }),
      200,
    ),
    ask('interactions: one', () => getInteraction(person, { id: 'int_000000000000' }), 10),
    ask(
      'interactions: a word nobody used',
      () => findInteractions(person, { ...page, text: 'zyzzyva' }),
      31_000,
    ),
    ask('interactions: older than a year', () => countOlder(person, { days: 365 }), 10_100),
    ask('interactions: record', () => recordInteraction(interaction()), 10),
    ask('access log: page', () => listAccessLogs(person, page), 400),
    ask('access log: page far down', () => listAccessLogs(person, deep(15)), 400),
    ask('access log: of a quiet key', () => listAccessLogs(person, { ...page, key_id: at.QUIET_KEY }), 400),
    ask(
      'access log: of a rare address',
      () => listAccessLogs(person, { ...page, client_ip: at.RARE_IP }),
      400,
    ),
    ask(
      'access log: for a rare reason',
      () => listAccessLogs(person, { ...page, reason: 'unknown_address' }),
      400,
    ),
    ask('audit log: page', () => listAuditLogs(person, page), 200),
    ask('audit log: page far down', () => listAuditLogs(person, audits), 200),
    ask('audit log: actions there are', () => listAuditActions(person), 100),
    ask('audit log: a rare action', () => listAuditLogs(person, { ...page, action: 'plan.changed' }), 200),
    ask('audit log: a rare group of actions', () => listAuditLogs(person, { ...page, action: 'plan' }), 200),
    ask(
      'audit log: a common group of actions',
      () => listAuditLogs(person, { ...page, action: 'agent' }),
      200,
    ),
    ask('audit log: a rare kind of actor', () => listAuditLogs(person, { ...page, actor: 'operator' }), 200),
    ask('audit log: of a person', () => listAuditLogs(person, { ...page, actor: 'user_000000000002' }), 200),
    ask('audit log: of an agent', () => listAuditLogs(person, { ...page, target: at.AGENT }), 200),
    ask('audit log: by request', () => listAuditLogs(person, { ...page, request_id: requestId }), 200),
    ask(
      'audit log: a day long ago',
      () => listAuditLogs(person, { ...page, from: daysAgo(300), to: daysAgo(299.99) }),
      200,
    ),
    ask('allowlist: try on the last 7 days', () => previewAllowlist(person, { cidr: '192.0.2.0/24' }), 8_100),
    chore('usage: a batch of 100 requests', () => writeUsage(batch())),
    chore('tell the cache', () => deliverPending(), 10),
    chore('switch off unconfirmed allowlists', () => revertUnconfirmed(), 10),
    chore('index documents', () => claimDocument(new Date(), 1_000_000), 10),
    chore('sync sources', () => claimSync(new Date()), 10),
    chore('revoke tokens', () => retryRevocations(), 10),
    chore('remind of old keys', () => remindOfAgedKeys()),
    chore('look for domain records', () => recheckDomains(), 10),
    chore('look at SSO metadata', () => watchMetadata(), 10),
    chore('remind of SSO certificates', () => remindOfCertificates(), 10),
    chore('sweep interactions', () => sweepByRetention()),
    chore('trim audit logs', () => trimAuditLogs()),
    chore('sweep', () => sweepExpired()),
    chore('records of deleted organizations', () => sweepGoneOrganizations()),
  ].map((question) => ({
    ...question,
    work: async () => {
      await question.work()
      await backgroundSettled()
    },
  }))
}

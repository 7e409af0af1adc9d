import { counter, gauge, histogram } from './meters'

const QUICK = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1]
const CALLS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1, 3]
const ANSWERS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]

/**
 * All that Twig counts of itself (docs/watching.md). No label holds a path, an id, an address or a name: routes are the
 * policy's patterns, outcomes are codes of the tables.
 */
export const metrics = {
  gateDecisions: counter(
    'twig_gate_decisions_total',
    'Decisions of the gate: admit, redirect, a page in place of another, or the code of the refusal.',
    'host',
    'outcome',
  ),
  gateSeconds: histogram('twig_gate_seconds', 'Time that a decision of the gate took.', QUICK, 'host'),
  requests: counter(
    'twig_http_requests_total',
    'Answers by the pattern of the route; status 499 is a caller who left.',
    'route',
    'method',
    'status',
  ),
  requestSeconds: histogram(
    'twig_http_request_seconds',
    'Time from the request to the end of its answer, streams included.',
    ANSWERS,
    'route',
  ),
  requestsInProgress: gauge('twig_http_requests_in_progress', 'Requests that are being answered.'),
  openStreams: gauge('twig_open_streams', 'Answers that are being streamed.'),
  keyVerifications: counter(
    'twig_key_verifications_total',
    'Keys that the cache did not know, by what their rows said; failed is Postgres not answering.',
    'result',
  ),
  hashesWaiting: gauge('twig_bcrypt_waiting', 'Computations of bcrypt that wait for their turn.', 'queue'),
  hashWaitSeconds: histogram(
    'twig_bcrypt_wait_seconds',
    'Time that a computation of bcrypt waited for its turn.',
    CALLS,
    'queue',
  ),
  hashesRefused: counter(
    'twig_bcrypt_refused_total',
    'Computations of bcrypt that were refused because too many waited.',
    'queue',
  ),
  redisSeconds: histogram('twig_redis_seconds', 'Time that calls to Redis took.', CALLS, 'caller'),
  redisFailures: counter(
    'twig_redis_failures_total',
    'Calls to Redis that failed, and those spared because one had failed within the second.',
    'caller',
    'result',
  ),
  breakerOpen: gauge(
    'twig_redis_breaker_open',
    'Whether calls to Redis are spared: 1 from a failure to the next success.',
    'caller',
  ),
  degraded: counter(
    'twig_degraded_decisions_total',
    'Decisions on keys without Redis: on the row in Postgres, or on what was confirmed within the minute.',
    'basis',
  ),
  postgresSeconds: histogram(
    'twig_postgres_seconds',
    'Time that statements took, the wait for a connection included.',
    CALLS,
    'pool',
  ),
  postgresFailures: counter(
    'twig_postgres_failures_total',
    'Statements that failed: outage is Postgres not answering, error anything that it answered.',
    'pool',
    'kind',
  ),
  usageBuffered: gauge('twig_usage_buffered_events', 'Events of usage that wait to be written.'),
  usageSpooled: gauge('twig_usage_spooled_batches', 'Batches of usage kept aside in the data folder.'),
  usageLost: counter(
    'twig_usage_lost_events_total',
    'Events of usage that could neither be written nor kept.',
  ),
  noticesPending: gauge(
    'twig_cache_notices_pending',
    'Committed changes of keys, limits and allowlists that Redis has not been told of.',
  ),
  noticesOldestSeconds: gauge('twig_cache_notices_oldest_seconds', 'Age of the oldest of those changes.'),
  revocationsPending: gauge(
    'twig_token_revocations_pending',
    'Tokens of disconnected apps that their provider has not been asked to end.',
  ),
  documentsWaiting: gauge(
    'twig_documents_waiting',
    'Documents that wait to be indexed or are being indexed.',
  ),
  documentsIndexed: counter(
    'twig_documents_indexed_total',
    'Documents that were indexed, or could not be.',
    'result',
  ),
  syncsOverdue: gauge('twig_syncs_overdue', 'Connected sources whose sync is due.'),
  syncs: counter('twig_syncs_total', 'Turns of syncing, by how they ended.', 'result'),
  choreRuns: counter('twig_chore_runs_total', 'Chores done, by how they ended.', 'chore', 'result'),
  choreSuccess: gauge(
    'twig_chore_last_success_timestamp_seconds',
    'When each chore was last done, in Unix seconds.',
    'chore',
  ),
  signIns: counter(
    'twig_sign_ins_total',
    'Attempts to sign in: success, or the code of the refusal.',
    'method',
    'outcome',
  ),
  turns: counter(
    'twig_turns_total',
    'Questions answered, by who was billed and how they ended.',
    'billed_to',
    'status',
  ),
  outgoingSeconds: histogram(
    'twig_outgoing_seconds',
    'Time until the head of an answer of other services: operator for configured addresses, guarded for typed ones.',
    ANSWERS,
    'way',
  ),
  outgoingCalls: counter(
    'twig_outgoing_calls_total',
    'Calls to other services, by the class of the answer (2xx …) or failed.',
    'way',
    'result',
  ),
  mails: counter('twig_mails_total', 'Mails: sent, kept in the outbox, or tried in vain.', 'result'),
  logLines: counter('twig_log_lines_total', 'Lines of the log at warn and above.', 'level'),
}

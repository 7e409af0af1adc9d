import type { Endpoint } from './endpoints'
import {
  AccessLogEntry,
  AllowlistRange,
  AllowlistRangeInput,
  ListAccessLogsQuery,
  RangeIdParams,
  RemovedRange,
  RemoveRangeQuery,
} from './protection-schemas'
import { ListQuery, listOf } from './schemas'

/** Operations on the IP allowlist and what it and others blocked. */
export const protectionEndpoints = {
  listAllowlistRanges: {
    method: 'get',
    path: '/ip-allowlist',
    summary: 'Ranges of the IP allowlist, newest first. Without one, requests are taken from everywhere.',
    query: ListQuery,
    output: listOf(AllowlistRange),
    status: 200,
  },
  addAllowlistRange: {
    method: 'post',
    path: '/ip-allowlist',
    summary:
      'Add a range (Enterprise plan); the list is in force from the first one on. 409 `would_lock_out` where it would refuse the caller. 503 `revocation_pending`: it is added, but a cache could not be told yet.',
    body: AllowlistRangeInput,
    sample: { cidr: '203.0.113.0/24', description: 'Office' },
    output: AllowlistRange,
    status: 201,
  },
  getAllowlistRange: {
    method: 'get',
    path: '/ip-allowlist/{id}',
    summary: 'One range.',
    params: RangeIdParams,
    output: AllowlistRange,
    status: 200,
  },
  removeAllowlistRange: {
    method: 'delete',
    path: '/ip-allowlist/{id}',
    summary:
      'Remove a range. With the last one the list is off. 409 `would_lock_out` where it held the caller and no other does, unless `force=true`.',
    params: RangeIdParams,
    query: RemoveRangeQuery,
    output: RemovedRange,
    status: 200,
  },
  listAccessLogs: {
    method: 'get',
    path: '/access-logs',
    summary:
      'Attempts that were blocked in the last 30 days, newest first: by the allowlist, for a deleted or disabled key or one of the other environment, for too many sign-ins. Those alike within a minute are one row with their `count`. With a Test key, those with Test keys.',
    query: ListAccessLogsQuery,
    output: listOf(AccessLogEntry),
    status: 200,
  },
} as const satisfies Record<string, Endpoint>

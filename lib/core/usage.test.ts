import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { outcomeOf, storableEvent, UsageEvent } from './usage'

const NOW = Date.UTC(2026, 0, 31, 9, 30)
const event: UsageEvent = {
  requestId: 'req_0123456789abcdefghij',
  timeMs: NOW - 5,
  keyId: 'key_000000000000',
  method: 'GET',
  endpoint: '/agents/{id}',
  path: '/agents/agent_1',
  scope: 'read',
  status: 200,
  code: '',
  admitted: true,
  latencyUs: 1_234,
  clientIp: '192.0.2.7',
  userAgent: 'curl/8.5.0',
}

describe('what is stored of an event', () => {
  test('is the event itself where it is sound', () => {
    expect(storableEvent(event, NOW)).toEqual(event)
  })

  test('holds nothing that Postgres refuses, and is of the form that a batch must have, whatever a client sent', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 })
    const broken = fc.constantFrom('\0', '\ud83d', '\udc00', 'a\0b', '😀'.repeat(250), `${'x'.repeat(199)}😀`)
    fc.assert(
      fc.property(fc.oneof(text, broken), fc.double(), (any, number) => {
        const stored = storableEvent(
          { ...event, userAgent: any, path: any, clientIp: any, timeMs: number, latencyUs: number },
          NOW,
        )
        expect(UsageEvent.safeParse(stored).error).toBeUndefined()
        for (const kept of [stored.userAgent, stored.path, stored.clientIp]) {
          expect(kept).not.toMatch(/[\0\p{Cs}]/u)
          expect(Buffer.from(kept, 'utf8').toString('utf8')).toBe(kept)
        }
        expect(stored.timeMs).toBeLessThanOrEqual(NOW)
      }),
    )
  })

  test('keeps line breaks and four-byte characters', () => {
    const userAgent = 'a\r\nb 😀'
    expect(storableEvent({ ...event, userAgent }, NOW).userAgent).toBe(userAgent)
  })

  test('is no later than now, so that a host whose clock is ahead counts no tomorrow', () => {
    expect(storableEvent({ ...event, timeMs: NOW + 86_400_000 }, NOW).timeMs).toBe(NOW)
  })
})

test.each([
  [200, true, 'succeeded'],
  [304, true, 'succeeded'],
  [400, true, 'client_error'],
  [403, true, 'client_error'],
  [404, true, 'client_error'],
  [401, false, 'refused'],
  [403, false, 'refused'],
  [429, false, 'rate_limited'],
  [429, true, 'rate_limited'],
  [500, true, 'server_error'],
  [503, false, 'server_error'],
] as const)('status %i, admitted %s, counts as %s', (status, admitted, outcome) => {
  expect(outcomeOf(status, admitted)).toBe(outcome)
})

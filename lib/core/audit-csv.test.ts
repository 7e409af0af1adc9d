import { expect, test } from 'vitest'
import { AUDIT_CSV_HEADER, auditCsvLines } from './audit-csv'
import type { AuditLog } from './audit-schemas'

const log: AuditLog = {
  id: 'audit_1',
  seq: 7,
  time: '2026-11-29T10:00:00.000Z',
  actor_kind: 'user',
  actor_id: 'user_1',
  action: 'agent.replaced',
  target_id: 'agent_1',
  before: { name: 'say "no"' },
  after: null,
  client_ip: '192.0.2.7',
  request_id: 'req_1',
  previous_hash: 'a'.repeat(64),
  hash: 'b'.repeat(64),
}

test('a row is a line under its heading, before and after as JSON', () => {
  expect(AUDIT_CSV_HEADER + auditCsvLines([log])).toBe(
    'seq,id,time,actor_kind,actor_id,action,target_id,before,after,client_ip,request_id,hash\r\n' +
      `7,audit_1,2026-11-29T10:00:00.000Z,user,user_1,agent.replaced,agent_1,"{""name"":""say \\""no\\""""}",,192.0.2.7,req_1,${'b'.repeat(64)}\r\n`,
  )
})

test.each(['=cmd()', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('no cell is a formula: %j', (text) => {
  const [cells] = auditCsvLines([{ ...log, request_id: text, client_ip: text }]).split('\r\n')
  expect(cells).toContain(`'${text.slice(0, 1)}`)
  expect(cells).not.toMatch(/,"?[=+\-@\t\r]/)
})

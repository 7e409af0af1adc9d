import { expect, test } from 'vitest'
import { AgentInput } from '../core/schemas'
import { db, inTransaction } from '../store/db'
import { createAgent } from './agents'
import { recordAudit } from './audit'
import { exportWhole } from './audit-export'
import { verifyAuditExport, verifyAuditLog } from './audit-verification'
import { personOf, tenant } from './testing/tenants'

test('first', async () => {
  const { organization, operator } = await tenant()
  const admin = await personOf(organization.id, 'admin')
  for (let i = 0; i < 5; i++)
    await createAgent(
      operator,
      AgentInput.parse({
        name: `a${i} "ü😀`,
        temperature: 1e-7,
        instructions: 'a\u2028b\u0001\n\ud83d\ude00',
      }),
    )
  const began = Date.now()
  await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      inTransaction((tx) => recordAudit(tx, operator, { action: 'x.y', after: { i } })),
    ),
  )
  const rows = await db().auditLog.findMany({
    where: { organizationId: organization.id },
    orderBy: { seq: 'asc' },
  })
  const file = await exportWhole(admin)
  let text = ''
  for await (const piece of file.pieces) text += piece
  const lines = text.trimEnd().split('\n')
  async function* each() {
    yield* lines
  }
  expect(1).toBe(1)
})

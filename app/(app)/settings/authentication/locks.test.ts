import { expect, test } from 'vitest'
import { isEnforcedForNobody } from './locks'

test('Enforce without a verified domain is told from one that binds somebody, and from none', () => {
  const enforced = { enforcedAt: '2026-01-01T00:00:00Z' }
  const [verified, lapsed] = [{ verifiedAt: '2026-01-01T00:00:00Z' }, { verifiedAt: null }]
  expect(isEnforcedForNobody(enforced, [lapsed])).toBe(true)
  expect(isEnforcedForNobody(enforced, [])).toBe(true)
  expect(isEnforcedForNobody(enforced, [lapsed, verified])).toBe(false)
  expect(isEnforcedForNobody({ enforcedAt: null }, [lapsed])).toBe(false)
})

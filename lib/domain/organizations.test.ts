import { describe, expect, it } from 'vitest'
import { slugOf } from './organizations'

describe('slugOf', () => {
  it.each([
    ["Ada's organization", 'adas-organization'],
    ['Café  Zürich & Söhne GmbH', 'cafe-zurich-sohne-gmbh'],
    ['--Twig--', 'twig'],
    ['会社', 'org'],
    ['x'.repeat(100), 'x'.repeat(48)],
    [`${'x'.repeat(47)} y`, 'x'.repeat(47)],
  ])('%s becomes %s', (name, slug) => {
    expect(slugOf(name)).toBe(slug)
  })
})

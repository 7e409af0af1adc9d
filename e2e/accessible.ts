import type { Page } from '@playwright/test'
import axe from 'axe-core'
import { expect } from './fixtures'

const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
] as const
const THEMES = ['light', 'dark'] as const

/** What a theme can change; all other rules look at what stands there, not at its colours. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block']

/** Runs in the page. Colours that are still fading are nobody's colours, so it waits for what moves and ends. */
async function judge(rules: string[] | null): Promise<{ found: string[]; overflow: number }> {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
  const ending = document
    .getAnimations()
    .filter(({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime ?? Number.POSITIVE_INFINITY))
  await Promise.allSettled(ending.map(({ finished }) => finished))
  const { axe } = window as unknown as { axe: typeof import('axe-core') }
  const { violations } = await axe.run(document, {
    resultTypes: ['violations'],
    ...(rules ? { runOnly: { type: 'rule', values: rules } } : {}),
  })
  return {
    found: violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`,
    ),
    overflow: document.documentElement.scrollWidth - window.innerWidth,
  }
}

/**
 * Expects of what the page shows now, in both sizes and both themes, that axe finds nothing and nothing is wider than the
 * screen. Leaves the page wide and dark.
 */
export async function inspect(page: Page, what: string): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const [at, colorScheme] of THEMES.entries()) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      // A page that is made anew takes its old title away before the new one has come.
      await expect(page).toHaveTitle(/\S/)
      const { found, overflow } = await page.evaluate(judge, at === 0 ? null : OF_COLOURS)
      expect.soft(found, `${what} ${colorScheme} ${size.width}`).toEqual([])
      expect.soft(overflow, `${what} is wider than ${size.width}`).toBeLessThanOrEqual(0)
    }
  }
}

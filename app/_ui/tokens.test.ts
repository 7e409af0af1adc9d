import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

type Theme = 'light' | 'dark'

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8')

function colour(token: string, theme: Theme): string {
  const pair = new RegExp(`--${token}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css)
  const plain = new RegExp(`--${token}: (#[0-9a-f]{6});`).exec(css)
  const value = pair ? pair[theme === 'light' ? 1 : 2] : plain?.[1]
  if (!value) throw new Error(`no colour --${token}`)
  return value
}

// WCAG 2.2, relative luminance and contrast ratio.
function luminance(hex: string): number {
  const channel = (start: number) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const grounds = ['background', 'surface', 'raised', 'hover']
const onEveryGround = (text: string) => grounds.map((ground) => [text, ground] as const)

const texts = [
  ...['foreground', 'muted', 'placeholder', 'accent', 'danger', 'warning'].flatMap(onEveryGround),
  ['accent-foreground', 'accent'],
  ['accent-foreground', 'accent-hover'],
  ['danger-foreground', 'danger-solid'],
  ['danger-foreground', 'danger-hover'],
  ...['accent', 'danger', 'warning'].flatMap((tone) => [
    [tone, `${tone}-soft`] as const,
    ['muted', `${tone}-soft`] as const,
    ['foreground', `${tone}-soft`] as const,
  ]),
] as const

describe.each<Theme>(['light', 'dark'])('in the %s theme', (theme) => {
  it.each(texts)('%s is readable on %s (4.5 : 1)', (text, ground) => {
    expect(contrast(colour(text, theme), colour(ground, theme))).toBeGreaterThanOrEqual(4.5)
  })

  it.each([
    ['control', 'background'],
    ['control', 'raised'],
    ['ring', 'background'],
    ['ring', 'raised'],
    ['accent', 'raised'],
    ['danger-solid', 'raised'],
    ['warning-solid', 'raised'],
  ])('%s is visible on %s (3 : 1)', (mark, ground) => {
    expect(contrast(colour(mark, theme), colour(ground, theme))).toBeGreaterThanOrEqual(3)
  })
})

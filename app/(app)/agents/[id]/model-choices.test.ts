import { describe, expect, test } from 'vitest'
import { POOL_MODELS, type PoolModel } from '@/lib/core/pool-models'
import type { Agent } from '@/lib/core/schemas'
import { modelChoices } from './model-choices'

const QUOTING = POOL_MODELS.filter(({ provider }) => provider === 'twig')
const OPEN_AI = POOL_MODELS.filter(({ provider }) => provider !== 'anthropic')

const twig = (name: string | null): Agent['model'] => ({ source: 'twig', name, external_key_id: null })
const values = (models: readonly PoolModel[], present: Agent['model']) =>
  modelChoices(models, [], present).pool.map(({ value }) => value)

describe('the models that the form offers', () => {
  test('without a provider are the default alone, which cannot stand in for a key', () => {
    expect(values(QUOTING, twig(null))).toEqual([''])
    expect(modelChoices(QUOTING, [], twig(null)).canFallBack).toBe(false)
  })

  test('with a provider are the default and each by its name', () => {
    const choices = modelChoices(OPEN_AI, [], twig(null))
    expect(choices.pool[0]?.label).toBe('Twig’s default: GPT-4.1 mini')
    expect(choices.pool.map(({ value }) => value)).toContain('gpt-4.1-mini')
    expect(choices.canFallBack).toBe(true)
  })

  test('hold what the agent is set to even where the operator took it away, and say so', () => {
    const choices = modelChoices(OPEN_AI, [], twig('claude-haiku-4-5'))
    expect(choices.pool.at(-1)).toEqual({
      value: 'claude-haiku-4-5',
      label: 'Claude Haiku 4.5 (not here; the default answers)',
    })
    expect(values(QUOTING, twig('twig-extractive'))).toEqual(['', 'twig-extractive'])
  })

  test('carry of a key no more than tells it apart', () => {
    const key = { id: 'ext_1', name: 'A', provider: 'openai', last4: 'wxyz', health: 'ok' } as const
    const row = { ...key, endpoint: null, health_detail: 'x', used_by: [] }
    expect(modelChoices(QUOTING, [row], twig(null)).keys).toEqual([key])
  })
})

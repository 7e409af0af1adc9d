import { describe, expect, test } from 'vitest'
import { TwigError } from '../lib/core/errors'
import { Problem } from '../server/problem.mjs'
import { explain, trace } from './failure'

describe('an error', () => {
  test("of Twig's own is told in its public words, with its public details", () => {
    const error = new TwigError('plan_required', 'Custom limits need the Enterprise plan.', {
      details: { required_plan: 'enterprise' },
      cause: new Error('private'),
    })
    expect(explain(error)).toEqual({
      code: 'plan_required',
      error: 'Plan required',
      message: 'Custom limits need the Enterprise plan.',
      required_plan: 'enterprise',
    })
  })

  test('of the surroundings is told in its sentence', () => {
    expect(explain(new Problem('The folder is held.')).message).toBe('The folder is held.')
  })

  test('that nobody foresaw is told by its kind alone, because its text may quote anything', () => {
    const { message, code } = explain(new RangeError('postgresql://twig:hunter2@db/twig'))
    expect(code).toBe('internal_error')
    expect(message).toContain('RangeError')
    expect(message).not.toContain('hunter2')
  })

  test('is traced without credentials', () => {
    expect(trace(new Error('at postgresql://twig:hunter2@db/twig'))).not.toContain('hunter2')
  })
})

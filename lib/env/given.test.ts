import { expect, test } from 'vitest'
import { givenEnvironment, noteFilledIn } from './given'

test('a command sees what the operator gave, and nothing that starting filled in', () => {
  const given = {
    PATH: '/bin',
    PORT: '3100',
    DATABASE_URL: 'postgresql://db/twig',
    REDIS_URL: 'redis://r:6379',
  }
  const env: Record<string, string | undefined> = {
    PATH: '/bin',
    PORT: '3100',
    DATABASE_URL: 'postgresql://db/twig',
    APP_URL: 'http://localhost:3100',
    TWIG_KEY_PEPPER: 'filled in',
    UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:5',
    TWIG_DIRECT_REDIS_URL: 'redis://r:6379',
    NODE_ENV: 'production',
  }
  noteFilledIn(env, given)
  Object.assign(env, {
    TWIG_SERVER: '1',
    TWIG_INTERNAL_URL: 'http://127.0.0.1:6',
    TWIG_WORKER: '1',
    NODE_UNIQUE_ID: '1',
  })
  expect(givenEnvironment(env)).toEqual(given)
})

test('without a start of ours everything is the operator’s', () => {
  expect(givenEnvironment({ PATH: '/bin', TWIG_KEY_PEPPER: 'theirs' })).toEqual({
    PATH: '/bin',
    TWIG_KEY_PEPPER: 'theirs',
  })
})

import { expect, test } from 'vitest'
import { z } from 'zod'
import { tenant } from '../lib/domain/testing/tenants'
import { documentOf, obey } from './testing/twig'

const Range = z.looseObject({ id: z.string(), cidr: z.string(), in_force: z.boolean() })

test('the operator adds, lists and removes ranges at once, is told what is odd, and what a lower plan leaves', async () => {
  const { organization } = await tenant('enterprise')
  const org = ['--org', organization.slug]
  const json = async <T extends z.ZodType>(shape: T, ...words: string[]) =>
    documentOf(shape, await obey(['allowlist', ...words, '--json']))

  const added = await json(Range, 'add', ...org, '--cidr', '203.0.113.77/24', '--description', 'Office')
  expect(added).toMatchObject({ cidr: '203.0.113.0/24', description: 'Office', in_force: true, told: true })
  const all = await obey(['allowlist', 'add', ...org, '--cidr', '::/0'])
  expect([all.code, all.err]).toEqual([0, expect.stringContaining('holds every IPv6 address')])
  const listed = await json(z.array(Range), 'list', ...org)
  expect(listed.map(({ cidr }) => cidr)).toEqual(['::/0', '203.0.113.0/24'])
  const shown = await obey(['allowlist', 'list', ...org])
  expect(shown.out).toMatch(/203\.0\.113\.0\/24 +256 addresses .*Office/)
  expect(shown.out).toContain('The list is in force for keys.')

  expect(await obey(['allowlist', 'add', ...org, '--cidr', '010.0.0.1/8'])).toMatchObject({
    code: 2,
    out: '',
  })
  expect(await obey(['allowlist', 'add', ...org, '--cidr', '203.0.113.0/24'])).toMatchObject({ code: 1 })
  expect(await obey(['allowlist', 'remove', ...org, '--cidr', '192.0.2.0/24'])).toMatchObject({ code: 1 })

  const lower = await obey(['plan', 'set', ...org, '--plan', 'free'])
  expect([lower.code, lower.out]).toEqual([0, expect.stringContaining('stays in force')])
  expect((await obey(['allowlist', 'add', ...org, '--cidr', '192.0.2.1'])).err).toContain('Enterprise')
  await json(Range, 'remove', ...org, '--cidr', '::/0')
  const last = await obey(['allowlist', 'remove', ...org, '--cidr', '203.0.113.1/24'])
  expect(last.out).toContain('requests are taken from everywhere')
  expect((await obey(['allowlist', 'list', ...org])).out).toContain('It has no ranges')
})

import { PrismaPg } from '@prisma/adapter-pg'
import { expect, test } from 'vitest'
import { PrismaClient } from '../generated/prisma/client'
import { isDatabaseOutage } from './db'

test('whatever is asked of a Postgres that refuses connections, the error counts as an outage', async () => {
  // Nothing listens on port 1.
  const adapter = new PrismaPg({ connectionString: 'postgresql://twig:twig@127.0.0.1:1/twig' })
  const client = new PrismaClient({ adapter })
  const questions = {
    'a row': () => client.organization.findFirst(),
    'a raw query': () => client.$queryRaw`select 1`,
    'a raw statement': () => client.$executeRaw`select 1`,
    'a transaction': () => client.$transaction((tx) => tx.$queryRaw`select 1`),
  }
  for (const [what, ask] of Object.entries(questions)) {
    const error = await ask().then(
      () => null,
      (reason: unknown) => reason,
    )
    expect([what, isDatabaseOutage(error)]).toEqual([what, true])
  }
  await client.$disconnect()
})

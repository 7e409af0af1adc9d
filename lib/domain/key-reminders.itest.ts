import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { backgroundSettled } from '../store/background'
import { db } from '../store/db'
import { startSmtpSink } from '../store/testing/smtp-sink'
import { remindOfAgedKeys } from './key-reminders'
import { plantKey, warmUp } from './testing/keys'
import { mailsTo } from './testing/outbox'
import { personOf, tenant } from './testing/tenants'

beforeAll(warmUp)

const DAY_MS = 86_400_000
const NOW = new Date()
const daysAgo = (days: number, from = NOW) => new Date(from.getTime() - days * DAY_MS)
const inDays = (days: number) => daysAgo(-days)

// Keys of other files' organizations are none of these tests' business.
beforeEach(async () => {
  await db().apiKey.updateMany({ where: { revokedAt: null }, data: { revokedAt: NOW } })
})

async function organizationWith(...roles: Array<'viewer' | 'member' | 'admin' | 'owner'>) {
  const { organization } = await tenant()
  const people = await Promise.all(roles.map((role) => personOf(organization.id, role)))
  const users = await Promise.all(
    people.map(({ userId }) => db().user.findUniqueOrThrow({ where: { id: userId } })),
  )
  const reminders = () => Promise.all(users.map(({ email }) => mailsTo(email, 'aged-keys')))
  return { organization, counts: async () => (await reminders()).map((mails) => mails.length), reminders }
}

describe('the reminder of old keys', () => {
  test('goes to each admin and owner once, names every old key with its age and use, and leads to the list', async () => {
    const { organization, counts, reminders } = await organizationWith('viewer', 'member', 'admin', 'owner')
    const id = organization.id
    await plantKey(id, { name: 'Old & used', start: 'a1b2', createdAt: daysAgo(120), lastUsedAt: daysAgo(3) })
    await plantKey(id, { name: 'Idle', createdAt: daysAgo(90), environment: 'test' })
    await plantKey(id, { name: 'Busy', createdAt: daysAgo(400), lastUsedAt: NOW })
    await plantKey(id, { name: 'Young', createdAt: daysAgo(89.9) })
    expect(await remindOfAgedKeys(NOW)).toBe(2)
    expect(await counts()).toEqual([0, 0, 1, 1])
    const mail = (await reminders())[2]?.[0] ?? ''
    const text = mail.replaceAll(/=\r?\n/g, '')
    expect(text).toContain(`API keys of ${organization.name}`)
    for (const words of [
      '- Busy (twigsk_live_',
      'made 400 days ago, last used today',
      '- Old & used (twigsk_live_a1b2…wxyz): made 120 days ago, last used 3 days ago',
      '- Idle (twigsk_test_',
      'made 90 days ago, never used',
      '/settings/api-keys?show=aged',
    ]) {
      expect(text).toContain(words)
    }
    expect(text).not.toContain('Young')
    expect(text.indexOf('Busy')).toBeLessThan(text.indexOf('Old & used'))
  })

  test('is one mail, however many processes look at the same moment', async () => {
    const { organization, counts } = await organizationWith('owner')
    for (let i = 0; i < 5; i++) await plantKey(organization.id, { createdAt: daysAgo(100) })
    const sent = await Promise.all(Array.from({ length: 4 }, () => remindOfAgedKeys(NOW)))
    expect(sent.reduce((sum, mails) => sum + mails, 0)).toBe(1)
    expect(await counts()).toEqual([1])
    expect(await remindOfAgedKeys(NOW)).toBe(0)
    expect(await counts()).toEqual([1])
  })

  test('of one key comes again after 90 days and not before', async () => {
    const { organization, counts } = await organizationWith('admin')
    await plantKey(organization.id, { createdAt: daysAgo(90) })
    await remindOfAgedKeys(NOW)
    await remindOfAgedKeys(inDays(89))
    expect(await counts()).toEqual([1])
    await remindOfAgedKeys(inDays(90))
    expect(await counts()).toEqual([2])
  })

  test('comes to one organization once a week at most, and then of all that came of age meanwhile', async () => {
    const { organization, reminders } = await organizationWith('admin')
    for (const [name, age] of [
      ['First', 90],
      ['Second', 89],
      ['Third', 84],
    ] as const) {
      await plantKey(organization.id, { name, createdAt: daysAgo(age) })
    }
    for (let day = 0; day <= 8; day++) await remindOfAgedKeys(inDays(day))
    const [mails = []] = await reminders()
    expect(mails).toHaveLength(2)
    expect(mails[0]).toContain('First')
    expect(mails[0]).not.toContain('Second')
    expect(mails[1]).not.toContain('First')
    expect(mails[1]).toContain('Second')
    expect(mails[1]).toContain('Third')
  })

  test('is not for keys that are deleted, disabled or replaced', async () => {
    const { organization, counts } = await organizationWith('owner')
    const createdAt = daysAgo(200)
    await plantKey(organization.id, { createdAt, revokedAt: NOW })
    await plantKey(organization.id, { createdAt, disabledAt: NOW })
    await plantKey(organization.id, { createdAt, endsAt: inDays(1) })
    await plantKey(organization.id, { createdAt, endsAt: daysAgo(1) })
    expect(await remindOfAgedKeys(NOW)).toBe(0)
    expect(await counts()).toEqual([0])
  })

  test('tells each organization of its own keys alone, more organizations than one turn holds', async () => {
    const many = await Promise.all(Array.from({ length: 3 }, () => organizationWith('owner')))
    for (const [index, { organization }] of many.entries()) {
      await plantKey(organization.id, { name: `Key of ${index}`, createdAt: daysAgo(100) })
    }
    const others = await Promise.all(Array.from({ length: 20 }, () => tenant()))
    for (const { organization } of others) await plantKey(organization.id, { createdAt: daysAgo(100) })
    expect(await remindOfAgedKeys(NOW)).toBe(3)
    for (const [index, { reminders }] of many.entries()) {
      const [[mail = ''] = []] = await reminders()
      expect(mail.match(/Key of \d/g)?.[0]).toBe(`Key of ${index}`)
      expect(new Set(mail.match(/Key of \d/g)).size).toBe(1)
    }
  })

  test('of very many keys names twenty and counts the rest', async () => {
    const { organization, reminders } = await organizationWith('owner')
    for (let i = 0; i < 23; i++) {
      await plantKey(organization.id, { name: `k${i}.`, createdAt: daysAgo(100 + i) })
    }
    await remindOfAgedKeys(NOW)
    const [[mail = ''] = []] = await reminders()
    expect(mail.match(/^- k\d+\./gm)).toHaveLength(20)
    expect(mail).toContain('- and 3 more')
    expect(mail).toContain('k3.')
    expect(mail).not.toContain('k2.')
  })

  test('holds names that write no HTML', async () => {
    const { organization } = await organizationWith('owner')
    await plantKey(organization.id, { name: '<img src=x>', createdAt: daysAgo(100) })
    const sink = await startSmtpSink()
    onTestFinished(restoreEnvironment)
    onTestFinished(() => sink.close())
    setEnvironment({ SMTP_URL: sink.url })
    await remindOfAgedKeys(NOW)
    await backgroundSettled()
    const html = sink.received[0]?.text.split('text/html')[1] ?? ''
    expect(html).toContain('<li>&lt;img src=x&gt; (twigsk_live_')
    expect(html).not.toContain('<img')
    expect(html).toContain('/settings/api-keys?show=aged">Look at the API keys</a>')
  })
})

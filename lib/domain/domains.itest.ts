import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { type DnsServer, startDnsServer } from '../store/testing/dns-server'
import { recheckDomains } from './domain-checks'
import { checkDomain, vouchForDomain } from './domain-proofs'
import { addDomain, listDomains, ownerOfDomain, removeDomain } from './domains'
import { setPlan } from './plans'
import { mailsTo } from './testing/outbox'
import { auditOf, personOf, tenant } from './testing/tenants'

const records = new Map<string, string[] | 'failure' | 'silence'>()
let dns: DnsServer
beforeAll(async () => {
  dns = await startDnsServer(({ name }) => records.get(name) ?? null)
  setEnvironment({ TWIG_DNS_SERVERS: dns.address })
})
afterAll(async () => {
  restoreEnvironment()
  await dns.close()
})

const freshName = () => `d${randomBytes(6).toString('hex')}.example`
const DAY_MS = 24 * 3600 * 1000

async function enterprise() {
  const { organization, operator } = await tenant('enterprise')
  return { organization, operator, admin: await personOf(organization.id, 'admin') }
}

/** A domain whose record stands in the test's DNS. */
async function verified(principal: Parameters<typeof addDomain>[0], name = freshName(), now = new Date()) {
  const { id, record } = await addDomain(principal, { domain: name })
  records.set(record.name, [record.value])
  return checkDomain(principal, { id }, now)
}

test('a domain needs the Enterprise plan, an admin, and a name that can be somebody’s', async () => {
  const free = await tenant('pro')
  await expect(addDomain(free.operator, { domain: freshName() })).rejects.toMatchObject({
    code: 'plan_required',
  })
  const { organization, admin } = await enterprise()
  const member = await personOf(organization.id, 'member')
  await expect(addDomain(member, { domain: freshName() })).rejects.toMatchObject({
    code: 'insufficient_role',
  })
  await expect(listDomains(member)).rejects.toMatchObject({ code: 'insufficient_role' })
  for (const domain of ['gmail.com', 'localhost', 'https://acme.com']) {
    await expect(addDomain(admin, { domain })).rejects.toMatchObject({ code: 'invalid_request' })
  }
})

test('the record is found where it belongs; what is elsewhere is explained', async () => {
  const { organization, admin } = await enterprise()
  const name = freshName()
  const { id, record } = await addDomain(admin, { domain: name })
  expect(await addDomain(admin, { domain: name.toUpperCase() })).toMatchObject({ id, record })
  expect(await checkDomain(admin, { id })).toMatchObject({
    verifiedAt: null,
    finding: expect.stringContaining('yet'),
  })
  records.set(`${record.name}.${name}`, [record.value])
  expect((await checkDomain(admin, { id })).finding).toContain('added the domain by itself')
  expect(await ownerOfDomain(name)).toBeNull()
  records.set(record.name, ['x'.repeat(300), record.value])
  records.delete(`${record.name}.${name}`)
  expect((await checkDomain(admin, { id })).verifiedAt).not.toBeNull()
  expect(await ownerOfDomain(name)).toBe(organization.id)
  const actions = (await auditOf(organization.id)).map(({ action }) => action)
  expect(actions).toEqual(expect.arrayContaining(['domain.added', 'domain.verified']))
  await removeDomain(admin, { id })
  expect(await ownerOfDomain(name)).toBeNull()
})

describe('what DNS says', () => {
  const outcomes: Array<
    [string, (value: string) => string[] | 'failure' | 'silence' | null, boolean, RegExp]
  > = [
    ['the record among others', (value) => ['v=spf1 -all', value], true, /was found at/],
    ['the record behind another name', (value) => ['cname:verify.dns.example', value], true, /was found at/],
    ['no such name', () => null, false, /no record at _twig-verification\..* yet/],
    ['a name without TXT records', () => [], false, /no record at .* yet/],
    ['another value', () => ['something-else'], false, /none with the value shown/],
    ['another organization’s code', () => ['twig-domain-verification=abc'], false, /another code/],
    ['the value in quotes', (value) => [`"${value}"`], false, /quotes, spaces or other capitals/],
    ['a server that fails', () => 'failure', false, /did not answer\. Nothing was changed/],
    ['nothing at all', () => 'silence', false, /did not answer\. Nothing was changed/],
  ]
  test.each(outcomes)(
    '%s',
    async (_what, answer, isVerified, finding) => {
      const { admin } = await enterprise()
      const { id, record, verifiedAt } = await addDomain(admin, { domain: freshName() })
      expect(verifiedAt).toBeNull()
      const said = answer(record.value)
      if (said) records.set(record.name, said)
      const checked = await checkDomain(admin, { id })
      expect(checked.verifiedAt !== null).toBe(isVerified)
      expect(checked.finding).toMatch(finding)
      expect(checked.checkedAt).not.toBeNull()
    },
    20_000,
  )

  test('a server that fails ends no verification, whatever stands elsewhere', async () => {
    const { admin, organization } = await enterprise()
    const { id, name, record } = await verified(admin, freshName(), new Date('2020-01-01'))
    records.set(record.name, 'failure')
    records.set(`${record.name}.${name}`, [record.value])
    expect((await checkDomain(admin, { id }, new Date('2020-01-01'))).verifiedAt).not.toBeNull()
    for (const day of ['2020-01-10', '2020-02-10']) await recheckDomains(new Date(day))
    expect(await ownerOfDomain(name)).toBe(organization.id)
    expect((await listDomains(admin))[0]?.missingSince).toBeNull()
    records.delete(record.name)
    await removeDomain(admin, { id })
  }, 40_000)
})

test('capitals and the dot at the end make no other domain; other scripts and look-alikes are refused', async () => {
  const { admin } = await enterprise()
  const name = freshName()
  const { id } = await addDomain(admin, { domain: ` ${name.toUpperCase()}. ` })
  expect((await addDomain(admin, { domain: name })).id).toBe(id)
  for (const domain of ['münchen.example', '\u0430cme.example', 'acme．example', 'acme.example\u200b'])
    await expect(addDomain(admin, { domain }), domain).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('xn--'),
    })
  expect((await addDomain(admin, { domain: 'XN--MNCHEN-3YA.example' })).name).toBe('xn--mnchen-3ya.example')
})

test('a domain covers none below it, and none beside it', async () => {
  const { operator } = await enterprise()
  const { name } = await vouchForDomain(operator, { domain: freshName() })
  for (const other of [`mail.${name}`, `x${name}`, name.slice(1), `${name}.evil.example`])
    expect(await ownerOfDomain(other), other).toBeNull()
})

test('below Enterprise nothing new is verified; what is stays, is looked after, and can be removed', async () => {
  const { organization, operator, admin } = await enterprise()
  const { id, name } = await verified(admin, freshName(), new Date('2020-01-01'))
  const { id: open } = await addDomain(admin, { domain: freshName() })
  await setPlan(operator, 'free')
  for (const refused of [
    () => addDomain(admin, { domain: freshName() }),
    () => checkDomain(admin, { id: open }),
    () => vouchForDomain(operator, { domain: freshName() }),
  ])
    await expect(refused()).rejects.toMatchObject({ code: 'plan_required' })
  expect(await ownerOfDomain(name)).toBe(organization.id)
  expect(await listDomains(admin)).toHaveLength(2)
  await recheckDomains(new Date('2020-02-01'))
  expect(await ownerOfDomain(name)).toBe(organization.id)
  for (const each of [id, open]) await removeDomain(admin, { id: each })
  expect(await ownerOfDomain(name)).toBeNull()
})

test('a lapsed domain is free for whoever shows a record; its former owner then is told whose it is not', async () => {
  const [first, second] = [await enterprise(), await enterprise()]
  const at = (days: number) => new Date(Date.parse('2020-01-01') + days * DAY_MS)
  const { id, name, record } = await verified(first.admin, freshName(), at(0))
  records.delete(record.name)
  await recheckDomains(at(2))
  const looks = await Promise.all([recheckDomains(at(17)), recheckDomains(at(17)), recheckDomains(at(17))])
  expect(looks.reduce((sum, count) => sum + count, 0)).toBe(1)
  const { email } = await db().user.findUniqueOrThrow({ where: { id: first.admin.userId } })
  expect(await mailsTo(email, 'domain-missing')).toHaveLength(2)
  const actions = (await auditOf(first.organization.id)).map(({ action }) => action)
  expect(actions.filter((action) => /missing|lapsed/.test(action))).toEqual([
    'domain.record_missing',
    'domain.lapsed',
  ])
  await verified(second.admin, name)
  records.set(record.name, [record.value])
  await expect(checkDomain(first.admin, { id })).rejects.toMatchObject({ code: 'conflict' })
  expect(await ownerOfDomain(name)).toBe(second.organization.id)
})

test('a domain has one owner, however many claim it and however often at once', async () => {
  const [first, second] = [await enterprise(), await enterprise()]
  for (let round = 0; round < 5; round++) {
    const name = freshName()
    const claims = await Promise.all([first, second].map(({ admin }) => addDomain(admin, { domain: name })))
    const [one, two] = claims
    if (!one || !two) throw new Error('two claims were made')
    records.set(one.record.name, [one.record.value, two.record.value])
    const outcomes = await Promise.allSettled([
      checkDomain(first.admin, { id: one.id }),
      checkDomain(second.admin, { id: two.id }),
    ])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(
      vouchForDomain(first.operator, { domain: name }).then(() =>
        vouchForDomain(second.operator, { domain: name }),
      ),
    ).rejects.toMatchObject({ code: 'conflict' })
  }
})

test('another organization’s domain is not there', async () => {
  const [mine, theirs] = [await enterprise(), await enterprise()]
  const { id } = await addDomain(theirs.admin, { domain: freshName() })
  await expect(checkDomain(mine.admin, { id })).rejects.toMatchObject({ code: 'not_found' })
  await expect(removeDomain(mine.admin, { id })).rejects.toMatchObject({ code: 'not_found' })
})

test('a record that goes missing is told at once and ends the verification after 14 days, not before', async () => {
  const { organization, admin } = await enterprise()
  const { email } = await db().user.findUniqueOrThrow({ where: { id: admin.userId } })
  const begun = new Date('2020-01-01T00:00:00Z')
  const at = (days: number) => new Date(begun.getTime() + days * DAY_MS + 1000)
  const { id, name, record } = await verified(admin, freshName(), begun)
  const state = () => db().domain.findUniqueOrThrow({ where: { id } })
  await recheckDomains(at(0.5))
  expect((await state()).checkedAt).toEqual(begun)
  records.delete(record.name)
  await recheckDomains(at(1))
  expect(await state()).toMatchObject({ missingSince: at(1), ownedName: name })
  await recheckDomains(at(2.1))
  setEnvironment({ TWIG_DNS_SERVERS: '127.0.0.1:1' })
  await recheckDomains(at(16))
  setEnvironment({ TWIG_DNS_SERVERS: dns.address })
  expect(await state(), 'DNS that does not answer changes nothing').toMatchObject({ ownedName: name })
  records.set(record.name, [record.value])
  await recheckDomains(at(17.1))
  expect((await state()).missingSince).toBeNull()
  records.delete(record.name)
  await recheckDomains(at(20))
  await recheckDomains(at(33))
  expect(await ownerOfDomain(name)).toBe(organization.id)
  await recheckDomains(at(34.1))
  expect(await ownerOfDomain(name)).toBeNull()
  const mails = await mailsTo(email, 'domain-missing')
  expect(mails.map((mail) => mail.includes('no longer verified'))).toEqual([false, false, true])
})

test('a domain that is looked at by hand every day loses its verification like any other, with one notice of each kind', async () => {
  const { organization, admin } = await enterprise()
  const { email } = await db().user.findUniqueOrThrow({ where: { id: admin.userId } })
  const begun = Date.parse('2020-01-01')
  const { id, name, record } = await verified(admin, freshName(), new Date(begun))
  records.delete(record.name)
  const look = async (turn: number) => {
    const now = new Date(begun + turn * 23 * 3600 * 1000)
    const shown = await checkDomain(admin, { id }, now)
    await recheckDomains(new Date(now.getTime() + 1000))
    return shown
  }
  const begin = await look(1)
  expect(begin.missingSince).toEqual(begin.checkedAt)
  for (let turn = 2; turn <= 15; turn++) await look(turn)
  expect(await ownerOfDomain(name)).toBe(organization.id)
  expect((await look(16)).verifiedAt).toBeNull()
  expect(await ownerOfDomain(name)).toBeNull()
  await look(17)
  const mails = await mailsTo(email, 'domain-missing')
  expect(mails.map((mail) => mail.includes('no longer verified'))).toEqual([false, true])
  for (const mail of mails) expect(mail).toMatch(/passwords\s+(?:then\s+)?open\s+again/)
})

test('DNS that does not answer somebody who looks by hand puts off no daily check', async () => {
  const { admin } = await enterprise()
  const { id, record } = await verified(admin, freshName(), new Date('2020-01-01'))
  records.set(record.name, 'failure')
  const shown = await checkDomain(admin, { id }, new Date('2020-01-02'))
  expect(shown).toMatchObject({ checkedAt: new Date('2020-01-01'), missingSince: null })
  expect(shown.finding).toContain('did not answer')
  expect((await db().domain.findUniqueOrThrow({ where: { id } })).checkedAt).toEqual(new Date('2020-01-01'))
  await removeDomain(admin, { id })
}, 20_000)

test('a domain that the operator vouched for needs no record', async () => {
  const { operator, organization } = await enterprise()
  const { name, vouched } = await vouchForDomain(operator, { domain: freshName() }, new Date('2020-01-01'))
  expect(vouched).toBe(true)
  await recheckDomains(new Date('2020-03-01'))
  expect(await ownerOfDomain(name)).toBe(organization.id)
})

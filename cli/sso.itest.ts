import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSession } from '../lib/domain/sessions'
import {
  type IdpDocuments,
  metadataXml,
  passTest,
  ssoTenant,
  startIdpDocuments,
} from '../lib/domain/testing/sso-settings'
import { auditOf, tenant } from '../lib/domain/testing/tenants'
import { db, inTransaction } from '../lib/store/db'
import { type DnsServer, startDnsServer } from '../lib/store/testing/dns-server'
import { type Outcome, obey } from './testing/twig'

const SECRET = 'client-s3cret-1a2b3c4d5e6f'

let idp: IdpDocuments
let dns: DnsServer
let folder: string
const records = new Map<string, string[]>()
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twig-sso-'))
  idp = await startIdpDocuments()
  dns = await startDnsServer(({ name }) => records.get(name) ?? null)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await idp.close()
  await dns.close()
})

/** Obeys a command line that was given in a folder of the operator's, beside the backends of this process. */
function twig(args: string[], stdin = ''): Promise<Outcome> {
  const env = { INIT_CWD: folder, TWIG_DNS_SERVERS: dns.address, TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' }
  return obey(args, { stdin, env })
}

/** What stands on stdout with --json, which must be one document. */
async function json(args: string[], { code = 0, stdin = '' } = {}) {
  const outcome = await twig([...args, '--json'], stdin)
  expect({ code: outcome.code, args }, outcome.err).toEqual({ code, args })
  return JSON.parse(outcome.out) as Record<string, unknown> & Array<Record<string, unknown>>
}

test('a domain is added with its record, found missing with exit 1, verified when the record stands, listed and removed', async () => {
  const { organization } = await tenant('enterprise')
  const words = (verb: string) => [
    'domain',
    verb,
    '--org',
    organization.slug,
    '--domain',
    'CLI-test.example.',
  ]
  const added = await json(words('add'))
  expect(added).toMatchObject({ domain: 'cli-test.example', verified: false, vouched: false })
  const { name, value } = added.record as { name: string; value: string }
  expect(name).toBe('_twig-verification.cli-test.example')
  const missing = await twig(words('verify'))
  expect(missing.code).toBe(1)
  expect(missing.out).toContain(`${name}  TXT  ${value}`)
  expect(missing.err).toMatch(/^There is no record at _twig-verification\.cli-test\.example yet\./)
  records.set(name, [value])
  expect(await json(words('verify'))).toMatchObject({ id: added.id, verified: true, vouched: false })
  const { out } = await twig(['domain', 'list', '--org', organization.id])
  expect(out).toMatch(/^dom_\w+ +cli-test\.example +verified +\d{4}-/m)
  expect(await json(words('remove'))).toMatchObject({ removed: true })
  const gone = await twig([...words('remove'), '--json'])
  expect({ code: gone.code, out: gone.out }).toEqual({ code: 1, out: '' })
  expect(JSON.parse(gone.err)).toMatchObject({ code: 'not_found' })
})

test('with --trust the operator vouches, for one organization only and none below Enterprise', async () => {
  const [mine, other, free] = [await tenant('enterprise'), await tenant('enterprise'), await tenant('pro')]
  const words = (slug: string) => [
    'domain',
    'add',
    '--org',
    slug,
    '--domain',
    'trusted-cli.example',
    '--trust',
  ]
  expect(await json(words(mine.organization.slug))).toMatchObject({ verified: true, vouched: true })
  const taken = await twig(words(other.organization.slug))
  expect(taken).toMatchObject({ code: 1, out: '', err: expect.stringContaining('another organization') })
  const plan = await twig([...words(free.organization.slug), '--json'])
  expect(JSON.parse(plan.err)).toMatchObject({ code: 'plan_required', required_plan: 'enterprise' })
  const [row] = (await auditOf(mine.organization.id)).filter(({ action }) => action === 'domain.vouched')
  expect(row).toMatchObject({ actorKind: 'operator' })
})

test('SAML connections come from a file of the caller’s folder or an address; which is active, removed and off is the operator’s', async () => {
  const { organization } = await tenant('enterprise')
  const org = ['--org', organization.slug]
  writeFileSync(join(folder, 'idp.xml'), metadataXml())
  const first = await json(['sso', 'add', ...org, '--metadata-file', 'idp.xml', '--provider', 'okta'])
  expect(first).toMatchObject({
    kind: 'saml',
    name: 'Okta',
    active: true,
    entity_id: 'https://idp.example.com/metadata',
    certificates: [{ fingerprint: expect.any(String), valid_to: expect.any(String) }],
    acs_url: expect.stringContaining('/api/auth/saml/acs'),
    sp_entity_id: expect.stringContaining('/api/auth/saml/metadata'),
  })
  const url = `${idp.url}/metadata`
  const second = await json([
    'sso',
    'add',
    ...org,
    '--metadata-url',
    url,
    '--name',
    'Second',
    '--idp-initiated',
  ])
  expect(second).toMatchObject({ active: false, metadata_url: url, idp_initiated: true })
  const several = await twig(['sso', 'remove', ...org])
  expect(several).toMatchObject({ code: 1, out: '', err: expect.stringContaining('several connections') })
  expect(await json(['sso', 'activate', String(second.id), ...org])).toMatchObject({ active: true })
  expect(await json(['sso', 'remove', String(first.id), ...org])).toMatchObject({ removed: true })
  expect(await json(['sso', 'disable', ...org])).toMatchObject({ id: second.id, active: false })
  expect(await json(['sso', 'list', ...org])).toMatchObject([{ id: second.id, active: false }])
  const { out } = await twig(['sso', 'list', ...org])
  expect(out).toMatch(
    /^sso_\w+ +Second +saml +https:\/\/idp\.example\.com\/metadata +not active, not tested/m,
  )
  const absent = await twig(['sso', 'add', ...org, '--metadata-file', 'absent.xml'])
  expect(absent).toMatchObject({ code: 1, out: '', err: 'The file cannot be read (ENOENT).\n' })
})

test('the client secret of an OpenID connection comes from a file or standard input, and is printed nowhere', async () => {
  const { organization } = await tenant('enterprise')
  const words = ['sso', 'add', '--org', organization.slug, '--oidc-discovery', idp.url, '--client-id', 'twig']
  writeFileSync(join(folder, 'secret'), `${SECRET}\n`)
  const outcomes = [
    await twig([...words, '--client-secret-file', 'secret', '--json']),
    await twig([...words, '--client-secret', '-'], `${SECRET}\n`),
    await twig([...words, '--client-secret', SECRET, '--metadata-url', `${idp.url}/metadata`]),
  ]
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 2])
  for (const { out, err } of outcomes) expect(out + err).not.toContain(SECRET)
  expect(JSON.parse(outcomes[0]?.out ?? '')).toMatchObject({
    kind: 'oidc',
    issuer: idp.url,
    client_id: 'twig',
    redirect_uri: expect.stringContaining('/api/auth/oidc/callback'),
  })
  expect(outcomes[1]?.out).toContain('/api/auth/oidc/callback')
  expect(JSON.stringify(await auditOf(organization.id))).not.toContain(SECRET)
})

test('enforcing is locked until a test passed, tells whom it meant, ends sessions, warns of the missing way in, and is undone', async () => {
  const { organization, insider } = await ssoTenant()
  const member = await insider('member')
  const { userId, role } = member
  const session = await inTransaction((tx) =>
    startSession(tx, { userId, organizationId: organization.id, role, method: 'password' }, {}),
  )
  const org = ['--org', organization.slug]
  writeFileSync(join(folder, 'idp.xml'), metadataXml())
  const { id } = await json(['sso', 'add', ...org, '--metadata-file', join(folder, 'idp.xml')])
  const locked = await twig(['sso', 'enforce', ...org, '--json'])
  expect({ code: locked.code, out: locked.out }).toEqual({ code: 1, out: '' })
  expect(JSON.parse(locked.err)).toMatchObject({ code: 'conflict', obstacles: ['not_tested'] })
  await passTest(organization.id, String(id))
  const enforced = await twig(['sso', 'enforce', ...org])
  expect(enforced.code).toBe(0)
  expect(enforced.out).toBe('SSO is enforced for one member; one session ended.\n')
  expect(enforced.err).toContain('No owner has proved a password')
  const row = await db().session.findUniqueOrThrow({ where: { id: session.sid } })
  expect(row.endReason).toBe('sso_enforced')
  const kept = await twig(['sso', 'remove', ...org])
  expect(kept).toMatchObject({ code: 1, err: expect.stringContaining('Switch that off first') })
  const pilots = await json(['sso', 'pilots', ...org, '--emails', member.email.toUpperCase()])
  expect(pilots).toMatchObject({ pilot_user_ids: [userId], enforced: true })
  expect(await json(['sso', 'unenforce', ...org])).toMatchObject({ enforced: false })
})

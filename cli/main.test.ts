import { describe, expect, test } from 'vitest'
import { obey } from './testing/twig'

const twig = (...argv: string[]) => obey(argv)

describe('twig', () => {
  test.each([
    [
      ['frob'],
      'There is no "frob"; there is org, member, user, key, plan, limits, allowlist, domain, sso, audit, secrets, doctor, help.',
    ],
    [['constructor'], 'There is no "constructor"; there is'],
    [['allowlist', 'add', '--org', 'acme'], 'Missing: --cidr.\nUsage: twig allowlist add --org <id or slug>'],
    [[], 'Say what to do: org, member, user,'],
    [['key'], 'Say what to do with key: create, list, rotate, disable, enable, rename, revoke.'],
    [['key', 'eat'], 'There is no "key eat"; key has create, list, rotate, disable, enable, rename, revoke.'],
    [['domain', 'add', '--org', 'acme'], 'Missing: --domain.\nUsage: twig domain add --org <id or slug>'],
    [
      ['domain', 'add', '--org', 'a', '--domain', 'b', '--trust=yes'],
      "Option '--trust' does not take an argument.",
    ],
    [['sso', 'add', '--org', 'acme'], 'Give one of --metadata-file, --metadata-url, --oidc-discovery.'],
    [
      ['sso', 'add', '--org', 'a', '--metadata-url', 'b', '--metadata-file', 'c'],
      'Give one of --metadata-file, --metadata-url, --oidc-discovery.',
    ],
    [
      ['sso', 'add', '--org', 'a', '--metadata-url', 'b', '--client-id', 'c'],
      '--client-id needs --oidc-discovery.',
    ],
    [['sso', 'add', '--org', 'a', '--oidc-discovery', 'b'], '--oidc-discovery needs --client-id.'],
    [
      ['sso', 'add', '--org', 'a', '--oidc-discovery', 'b', '--client-id', 'c'],
      'Give one of --client-secret, --client-secret-file.',
    ],
    [['sso', 'activate', '--org', 'a'], 'Missing: <id>.'],
    [['audit', 'export'], 'Missing: --org.'],
    [['audit', 'export', '--org', 'a', '--format', 'xml'], '--format takes jsonl, csv.'],
    [['audit', 'list', '--org', 'a', '--action', 'Key!'], 'This is not an action.'],
    [['audit', 'list', '--org', 'a', '--limit', '500'], '--limit takes a number from 1 to 200.'],
    [['audit', 'removals', '--limit', '0'], '--limit takes a number from 1 to 200.'],
    [['audit', 'removals', '--reason', 'x'], '--reason takes organization_deleted, retention.'],
    [['audit', 'verify', '--public-key', 'a'], '--public-key needs --file.'],
    [
      ['audit', 'verify', '--file', 'a', '--public-key', 'b', '--org', 'acme'],
      'With --public-key, --org takes an id.',
    ],
    [['sso', 'pilots', '--org', 'a'], 'Missing: --emails.'],
    [['key', 'revoke'], 'Missing: <id>.\nUsage: twig key revoke <id> [--org <id or slug>] [--json]\n'],
    [['key', 'revoke', 'nonsense'], "A key's id begins with key_"],
    [['key', 'rotate'], 'Missing: <id>.'],
    [['key', 'rotate', 'nonsense'], "A key's id begins with key_"],
    [['key', 'rotate', 'key_1', '--grace', '2h'], '--grace takes now, 1h, 24h, 7d.'],
    [['key', 'disable', '--org', 'acme'], 'Missing: <id>.'],
    [['key', 'disable', 'nonsense'], "A key's id begins with key_"],
    [['key', 'enable', 'nonsense'], "A key's id begins with key_"],
    [['key', 'rename', 'key_1'], 'Missing: --name.'],
    [['key', 'rename', 'nonsense', '--name', 'x'], "A key's id begins with key_"],
    [['key', 'rename', 'key_1', '--name', ' '], 'Name is required.'],
    [
      [
        'limits',
        'set',
        '--org',
        'a',
        '--scope',
        'read',
        '--per-minute',
        '5',
        '--organization-per-minute',
        'x',
      ],
      '--organization-per-minute takes a whole number or default.',
    ],
    [['org', 'create', '--nme', 'x'], "Unknown option '--nme'.\nUsage: twig org create --name <name>"],
    [['org', 'show'], 'Name one organization, by its id or slug.'],
    [['org', 'show', 'acme', '--org', 'acme'], 'Name one organization'],
    [['plan', 'set', '--org', 'acme', '--plan', 'gold'], '--plan takes free, pro, enterprise.'],
    [['user', 'create', '--email', 'a@b.de', '--password', 'x', '--role', 'admin'], '--role needs --org.'],
    [
      ['doctor', 'everything'],
      'There is a word too many; a value with spaces belongs in quotes.\nUsage: twig doctor',
    ],
  ])(
    '%j is wrong usage: exit 2, the sentence and the right usage on stderr, nothing on stdout',
    async (argv, text) => {
      const { code, out, err } = await twig(...argv)
      expect(code).toBe(2)
      expect(err).toContain(text)
      expect(err).toContain('sage')
      expect(out).toBe('')
    },
  )

  test('help lists every noun, on stdout', async () => {
    const { code, out, err } = await twig('help')
    expect(code).toBe(0)
    for (const word of [
      'org create',
      'user set-password',
      'key revoke',
      'key rotate',
      'key disable',
      'key enable',
      'key rename',
      'plan set',
      'limits show',
      'domain verify',
      'sso add',
      'sso enforce',
      'audit verify',
      'doctor',
    ]) {
      expect(out).toContain(word)
    }
    expect(err).toBe('')
  })

  test.each([
    [['key', '--help'], 'twig key create --org <id or slug>'],
    [['help', 'key'], 'twig key create --org <id or slug>'],
    [['key', 'create', '--help'], '--env live|test'],
    [['help', 'key', 'create'], '--env live|test'],
    [['key', 'create', '-h'], '--env live|test'],
    [['key', 'rotate', '--help'], 'twig key rotate <id> [--org <id or slug>] [--grace now|1h|24h|7d]'],
    [['limits', 'set', '--help'], '[--organization-per-minute <number>|default]'],
    [['domain', 'add', '--help'], 'twig domain add --org <id or slug> --domain <domain> [--trust] [--json]'],
    [['sso', 'remove', '--help'], 'twig sso remove [<id>] --org <id or slug> [--json]'],
    [['doctor', '--help'], 'Usage: twig doctor [--json]'],
  ])('%j explains without doing anything', async (argv, text) => {
    const { code, out } = await twig(...argv)
    expect(code).toBe(0)
    expect(out).toContain(text)
  })
})

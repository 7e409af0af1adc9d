/**
 * Addresses that a person may type to make Twig call something it must not: this machine, its network, clouds' metadata
 * services, every spelling of those, other schemes, and services that are no web servers. Names are here for the answer
 * that DNS gives for them, see `hostileAnswers`.
 */
const hosts = [
  // Loopback and "this host", in every spelling that the URL parser understands.
  ['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '0'],
  [
    '0.0.0.0',
    'localhost',
    'localhost.',
    'LOCALHOST',
    'foo.localhost',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '１２７.0.0.1',
  ],
  ['[::1]', '[::]', '[0:0:0:0:0:0:0:1]'],
  // v6 that carries v4: mapped, compatible, translated, NAT64, 6to4, Teredo.
  ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[64:ff9b::7f00:1]'],
  [
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
  ],
  // v6: link-local, unique local, multicast, discard, documentation, segment routing, outside of what is assigned.
  ['[fe80::1]', '[fe80::1%25eth0]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[100::1]', '[2001:db8::1]'],
  ['[3fff::1]', '[5f00::1]', '[4000::1]'],
  // Clouds' own services.
  ['169.254.169.254', '169.254.169.254.', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376'],
  ['metadata.google.internal', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  // Private, shared, documentation, benchmarking, multicast, reserved, broadcast.
  [
    '10.0.0.1',
    '10.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
  ],
  ['203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255', '127.0.0.1.nip.io'],
  // Who the host is, disguised.
  [
    'user:pass@127.0.0.1',
    'api.openai.com@127.0.0.1',
    '127.0.0.1#@api.openai.com',
    '127.0.0.1\\@api.openai.com',
  ],
  ['api.openai.com%2f@127.0.0.1', '127.0.0.1%00.openai.com', 'key@api.openai.com'],
  // Ports of services that take commands in plain text.
  ['127.0.0.1:6379', 'example.com:22', 'example.com:25', 'example.com:5432', 'example.com:6379'],
].flat()

/** Not http at all, or with slashes missing. */
const other = [
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/',
  'data:text/plain,hi',
  'javascript:alert(1)',
  '//127.0.0.1/',
  'http:127.0.0.1',
  'http:/127.0.0.1',
  'http:///127.0.0.1',
  'https:127.0.0.1',
  'https:/127.0.0.1',
  'https:///127.0.0.1',
  '',
  ' ',
  'https://',
]

export const hostileUrls: readonly string[] = [
  ...hosts.flatMap((host) => [`http://${host}/`, `https://${host}/`]),
  ...other,
]

/** What DNS says of the names above; every other name is public. */
export const hostileAnswers: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  'foo.localhost': '127.0.0.1',
  'metadata.google.internal': '169.254.169.254',
  '127.0.0.1.nip.io': '127.0.0.1',
}

import { describe, expect, test } from 'vitest'
import { choice, optional, scopeList, text, toggle, wholeNumber } from './flags'
import { UsageError, verb } from './verb'

const given: unknown[] = []
const sample = verb({
  summary: 'Tries the flags.',
  flags: {
    name: text('name', 'A name.'),
    scopes: optional(scopeList('Scopes.')),
    env: optional(choice('env', ['live', 'test'], 'Which.')),
    'per-minute': optional(wholeNumber('per-minute', 'How many.')),
    trust: toggle('Whether.'),
  },
  argument: { placeholder: '<id>', required: false },
  check: ({ name }) => {
    if (name === 'odd') throw new UsageError('The name is odd.')
  },
  run: async (values, argument) => {
    given.push({ ...values, argument })
    return { document: values, text: 'done' }
  },
})

async function run(...args: string[]): Promise<unknown> {
  const invocation = await sample.prepare(args)
  if (invocation.kind === 'help') return 'help'
  await invocation.run()
  return given.at(-1)
}

async function complaint(...args: string[]): Promise<string> {
  const error: unknown = await sample.prepare(args).catch((error: unknown) => error)
  if (error instanceof UsageError) return error.message
  throw new Error('The command line was taken')
}

describe('a command line', () => {
  test('is handed to the verb as the values that its flags stand for', async () => {
    expect(await run('--name', ' CI ', '--scopes', 'execute,read,read', '--per-minute=12', 'key_1')).toEqual({
      name: 'CI',
      scopes: ['read', 'execute'],
      'per-minute': 12,
      argument: 'key_1',
    })
  })

  test('may leave out what is optional', async () => {
    expect(await run('--name', 'CI')).toEqual({ name: 'CI', argument: '' })
  })

  test('may have a flag that stands alone', async () => {
    expect(await run('--trust', '--name', 'CI')).toEqual({ trust: true, name: 'CI', argument: '' })
    expect(await complaint('--name', 'CI', '--trust', '--trust')).toBe('--trust was given twice.')
    expect(await complaint('--name', 'CI', '--no-trust')).toMatch(/^Unknown option '--no-trust'/)
  })

  test('may have a value that begins with a hyphen, after an equals sign', async () => {
    expect(await run('--name=-x')).toMatchObject({ name: '-x' })
    expect(await complaint('--name', '-x')).toMatch(/^Option '--name' argument is ambiguous\.$/)
  })

  test('asks for help wherever --help stands, complete or not', async () => {
    expect(await run('--help')).toBe('help')
    expect(await run('--scopes', 'nonsense', '-h')).toBe('help')
  })

  test('says whether it wants JSON', async () => {
    const plain = await sample.prepare(['--name', 'CI'])
    const json = await sample.prepare(['--json', '--name', 'CI'])
    expect(plain).toMatchObject({ kind: 'run', json: false })
    expect(json).toMatchObject({ kind: 'run', json: true })
  })

  test.each([
    [[], 'Missing: --name.'],
    [['--name'], "Option '--name <value>' argument missing."],
    [['--name', ''], '--name may not be empty.'],
    [['--name', 'a', '--name', 'b'], '--name was given twice.'],
    [['--name', 'a', '--colour', 'red'], "Unknown option '--colour'."],
    [
      ['--name', 'a', '--scopes', 'read,fly'],
      '--scopes takes read, write, execute, admin, with commas between.',
    ],
    [['--name', 'a', '--scopes', ''], '--scopes takes read, write, execute, admin, with commas between.'],
    [['--name', 'a', '--env', 'prod'], '--env takes live, test.'],
    [['--name', 'a', '--per-minute', '1e3'], '--per-minute takes a whole number.'],
    [['--name', 'a', '--json=yes'], "Option '--json' does not take an argument."],
    [['--name', 'odd'], 'The name is odd.'],
  ])('that is wrong is refused in a sentence: %j', async (args, sentence) => {
    expect(await complaint(...args)).toBe(sentence)
  })

  test('with a word too many is refused without repeating the word, which may be half of a password', async () => {
    const sentence = await complaint('--name', 'a', 'key_1', 'secretword')
    expect(sentence).toBe('There is a word too many; a value with spaces belongs in quotes.')
  })

  test('must have the argument that its verb asks for', async () => {
    const strict = verb({
      summary: '',
      flags: {},
      argument: { placeholder: '<id>', required: true },
      run: async () => ({ document: null, text: '' }),
    })
    await expect(strict.prepare([])).rejects.toThrow('Missing: <id>.')
  })
})

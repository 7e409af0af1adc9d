/** The variables that starting Twig has changed, for telling what the operator set. */
const FILLED_IN = 'TWIG_FILLED_IN'

type Variables = Record<string, string | undefined>

/** What one process of Twig tells another, and no command is to inherit. */
const OWN = [
  'TWIG_SERVER',
  'TWIG_INTERNAL_URL',
  'TWIG_WORKER',
  'NODE_UNIQUE_ID',
  'NODE_CHANNEL_FD',
  FILLED_IN,
]

/** Notes by name what starting has put into the environment or changed in it. */
export function noteFilledIn(env: Variables, given: Readonly<Variables>): void {
  env[FILLED_IN] = Object.keys(env)
    .filter((name) => env[name] !== given[name])
    .join(' ')
}

/** The environment as the operator gave it to Twig, for a command that is to see it as theirs would. */
export function givenEnvironment(env: Readonly<Variables> = process.env): NodeJS.ProcessEnv {
  const given = { ...env } as NodeJS.ProcessEnv
  const redisUrl = env.TWIG_DIRECT_REDIS_URL
  for (const name of [...(env[FILLED_IN] ?? '').split(' '), ...OWN]) delete given[name]
  // Starting takes it out, so that everything goes the same way.
  if (redisUrl && given.REDIS_URL === undefined) given.REDIS_URL = redisUrl
  return given
}

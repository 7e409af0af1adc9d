import type { ErrorCode } from '@/lib/core/errors'

/** What somebody is told whose connection came to nothing. `{name}` is the provider. */
interface ConnectFailure {
  code: ErrorCode
  title: string
  detail: string
  advice: string
}

const failures: readonly ConnectFailure[] = [
  {
    code: 'consent_denied',
    title: 'Not connected',
    detail: 'You, or an admin of your {name}, did not agree.',
    advice: 'Nothing was stored. Connect again when you want to; everything asked for is read-only.',
  },
  {
    code: 'scopes_missing',
    title: 'Not everything was allowed',
    detail: '{name} was not allowed everything that Twig needs.',
    advice:
      'Nothing was stored. Connect again and leave all boxes ticked; everything asked for is read-only.',
  },
  {
    code: 'other_account',
    title: 'That is another account',
    detail: 'This data source belongs to another account of {name} than the one you just chose.',
    advice:
      'Nothing was changed. Reconnect with the account it was connected with, or add a new data source for the other one.',
  },
  {
    code: 'connection_expired',
    title: 'This connection was not finished',
    detail: 'The answer did not belong to a connection that you began here in the last 10 minutes.',
    advice:
      'It was used already, took too long, or was begun in another browser, by somebody else or for another organization. Begin again.',
  },
  {
    code: 'provider_unavailable',
    title: '{name} does not answer',
    detail: '{name} did not answer in time, or had a failure of its own.',
    advice: 'Nothing was stored. Try again in a moment.',
  },
  {
    code: 'provider_refused',
    title: '{name} refused',
    detail: '{name} did not accept what Twig sent.',
    advice:
      'Nothing was stored. Most often the app’s id, secret or redirect URI is not the one that {name} knows; whoever runs this Twig finds the reason with the reference.',
  },
  {
    code: 'connector_not_configured',
    title: '{name} is not set up',
    detail: 'This Twig has no app at {name}.',
    advice: 'Whoever runs it can set it up; Add Data Source shows the two lines.',
  },
  {
    code: 'insufficient_role',
    title: 'Your role does not allow this',
    detail: 'Only members, admins and owners of the organization connect data sources.',
    advice: 'Nothing was stored. Ask an admin for the role of a member.',
  },
  {
    code: 'not_found',
    title: 'The data source is gone',
    detail: 'It was deleted while you were at {name}.',
    advice: 'Nothing was stored.',
  },
  {
    code: 'too_many_failed_attempts',
    title: 'Too many attempts',
    detail: 'Too many connections from your network came to nothing.',
    advice: 'Nothing was stored. Wait a minute, then begin again.',
  },
  {
    code: 'temporarily_unavailable',
    title: 'Twig cannot connect now',
    detail: 'Something that it needs does not answer.',
    advice: 'Nothing was stored. Try again in a moment.',
  },
]

const unknown: ConnectFailure = {
  code: 'internal_error',
  title: 'Not connected',
  detail: 'Something went wrong on our side.',
  advice: 'Try again; if it stays, pass the reference on to whoever runs this Twig.',
}

/** What the page says for a code of its address, which is anybody's to write, about a provider of that name. */
export function connectFailureOf(code: string | undefined, name: string): ConnectFailure {
  const failure = failures.find((known) => known.code === code) ?? unknown
  const fill = (text: string) => text.replaceAll('{name}', name)
  return {
    code: failure.code,
    title: fill(failure.title),
    detail: fill(failure.detail),
    advice: fill(failure.advice),
  }
}

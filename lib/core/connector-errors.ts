import type { ErrorEntry } from './errors'

/** What can be refused or go wrong between Twig and a connected app; part of the one table in errors.ts. */
export const connectorErrors = {
  consent_denied: {
    status: 403,
    error: 'Consent denied',
    meaning:
      'Somebody came back from a provider without having agreed, or an admin there has to agree first.',
    fix: 'Connect again and allow what is asked; everything asked for is read-only.',
  },
  scopes_missing: {
    status: 403,
    error: 'Permissions missing',
    meaning:
      'The provider granted less than Twig needs; nothing was connected. The page names what is missing.',
    fix: 'Connect again and leave everything ticked. If nothing was unticked, the app at the provider lacks the permission.',
  },
  other_account: {
    status: 409,
    error: 'Another account',
    meaning: 'A data source was to be reconnected with another account than the one it has.',
    fix: 'Choose the account that the data source shows, or add a new data source for the other one.',
  },
  connection_expired: {
    status: 403,
    error: 'Connection not finished',
    meaning:
      'A provider’s answer belongs to no connection that this person began in this browser and organization within 10 minutes, or it was used before.',
    fix: 'Begin again in Data → Add Data Source, or with Reconnect.',
  },
  provider_unavailable: {
    status: 503,
    error: 'Provider unavailable',
    meaning: 'The provider of a data source does not answer, asks to wait, or has a failure of its own.',
    fix: 'Try again in a moment. What is connected stays connected and is tried again by itself.',
  },
  provider_refused: {
    status: 502,
    error: 'Provider refused',
    meaning:
      'The provider did not accept what Twig sent, such as its client id, its secret or its redirect URI.',
    fix: 'Whoever runs this Twig compares them with the app at the provider; the log has the provider’s code at the request id.',
  },
  connector_not_configured: {
    status: 404,
    error: 'Connector not set up',
    meaning: 'This Twig has no app at the provider, so nothing can be connected there.',
    fix: 'Whoever runs this Twig sets the two variables that Data → Add Data Source shows.',
  },
} as const satisfies Record<string, ErrorEntry>

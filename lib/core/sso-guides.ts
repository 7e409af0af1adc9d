import { enterpriseGuides } from './sso-guides-enterprise'
import { genericGuides } from './sso-guides-generic'
import { moreGuides } from './sso-guides-more'
import { ssoProviders } from './sso-schemas'

export type SsoProvider = (typeof ssoProviders)[number]

/** What of Twig an identity provider must be told. */
export interface TwigValues {
  acsUrl: string
  entityId: string
  spMetadataUrl: string
  redirectUri: string
}

/** One field of an identity provider's console and what to put there. */
export interface GuideField {
  /** The console's own name of the field. */
  name: string
  value: string | ((values: TwigValues) => string)
  /** `paste` is shown with a copy button; `choose` is an option to pick; `code` is pasted as a whole. */
  how: 'paste' | 'choose' | 'code'
  note?: string
}

interface GuideStep {
  title: string
  text: string
  fields?: readonly GuideField[]
}

/** How to set up one identity provider, with its own words for each field. */
export interface SsoGuide {
  name: string
  kind: 'saml' | 'oidc'
  /** What the choice says under the name. */
  about: string
  steps: readonly GuideStep[]
  /** Where the metadata, or the discovery address, is found. */
  source: string
  /** What is asked for first; the others stay possible. */
  sourceKind: 'url' | 'file'
  /** What an address of its metadata looks like. */
  example: string
  /** Attributes that this provider sends where somebody wants another than NameID, or a name. */
  emailAttribute: string
  nameAttribute: string
}

export const ssoGuides: Readonly<Record<SsoProvider, SsoGuide>> = {
  ...enterpriseGuides,
  ...moreGuides,
  ...genericGuides,
}

/** The provider of a name, `saml` or `oidc` for one that has no guide. */
export function providerOf(name: string, kind: 'saml' | 'oidc'): SsoProvider {
  return ssoProviders.find((provider) => provider === name && ssoGuides[provider].kind === kind) ?? kind
}

/** What to put into a field, with Twig's values filled in. */
export function fieldValue({ value }: GuideField, values: TwigValues): string {
  return typeof value === 'string' ? value : value(values)
}

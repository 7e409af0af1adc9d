import type { TwigValues } from '@/lib/core/sso-guides'
import { nodeEnv } from '@/lib/env/node'
import { acsUrl, SP_METADATA_PATH, spEntityId } from '@/lib/store/idp'
import { oidcCallbackUrl } from '@/lib/store/oidc'

/** What an identity provider must be told of this Twig. */
export function twigValues(): TwigValues {
  return {
    acsUrl: acsUrl(),
    entityId: spEntityId(),
    spMetadataUrl: nodeEnv().appUrl + SP_METADATA_PATH,
    redirectUri: oidcCallbackUrl(),
  }
}

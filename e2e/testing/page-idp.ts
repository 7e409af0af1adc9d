import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { writeIdpMetadata } from '../../lib/core/saml-metadata'
import {
  type IdpKeys,
  makeIdpKeys,
  responseXml,
  type SamlClaims,
  signXml,
} from '../../lib/store/testing/saml-idp'

/** An identity provider that lives in the test: pages of its address are answered here, and nothing leaves the machine. */
export interface PageIdp {
  entityId: string
  ssoUrl: string
  keys: IdpKeys
  metadata: string
  /** Changes to what the next answers claim. */
  lie: Partial<SamlClaims>
}

export function makeIdp(notAfter?: string): PageIdp {
  const host = `http://idp-${randomBytes(4).toString('hex')}.test`
  const keys = makeIdpKeys(notAfter)
  const [entityId, ssoUrl] = [`${host}/metadata`, `${host}/sso`]
  const metadata = writeIdpMetadata({ entityId, ssoUrl, certificates: [keys.der] })
  return { entityId, ssoUrl, keys, metadata, lie: {} }
}

function requestOf(address: string): { id: string; acsUrl: string; issuer: string; relay: string } {
  const { searchParams } = new URL(address)
  const xml = inflateRawSync(Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  const found = (pattern: RegExp) => pattern.exec(xml)?.[1] ?? ''
  return {
    id: found(/\bID="([^"]+)"/),
    acsUrl: found(/AssertionConsumerServiceURL="([^"]+)"/),
    issuer: found(/Issuer[^>]*>([^<]+)</),
    relay: searchParams.get('RelayState') ?? '',
  }
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')

/** Answers the browser's visits to the identity provider: with a form that posts a signed answer back at once. */
export async function serveIdp(page: Page, idp: PageIdp, nameId: () => string): Promise<void> {
  await page.route(`${idp.ssoUrl}*`, async (route) => {
    const { id, acsUrl, issuer, relay } = requestOf(route.request().url())
    const tag = randomBytes(8).toString('hex')
    const claims = {
      ...{ now: new Date(), issuer: idp.entityId, audience: issuer, acsUrl, requestId: id, nameId: nameId() },
      ...{ responseId: `_r${tag}`, assertionId: `_a${tag}` },
      ...idp.lie,
    }
    const answer = Buffer.from(signXml(responseXml(claims), { keys: idp.keys })).toString('base64')
    const fields = { SAMLResponse: answer, RelayState: relay }
    const inputs = Object.entries(fields).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`,
    )
    const form = `<form method="post" action="${escaped(acsUrl)}">${inputs.join('')}<button>Go on</button></form>`
    await route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>IdP</title>${form}<script>document.forms[0].submit()</script>`,
    })
  })
}

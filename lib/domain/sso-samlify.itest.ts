import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSpMetadata } from '../core/saml-metadata'
import { acsUrl, spEntityId } from '../store/idp'
import { samlKey } from '../store/saml-key'
import { type SamlShape, startSamlifyIdp } from '../store/testing/samlify-idp'
import { answerSaml } from './sso-answers'
import { addSsoConnection } from './sso-connection-changes'
import { begin, company, finish, origin, sessionsOf } from './testing/sso-world'

type Idp = Awaited<ReturnType<typeof startSamlifyIdp>>
const start = () =>
  startSamlifyIdp(async () => {
    const { certificate } = await samlKey()
    return writeSpMetadata({ entityId: spEntityId(), acsUrl: acsUrl(), certificate })
  })
let idp: Idp
let shared: Idp
beforeAll(async () => {
  idp = await start()
  shared = await start()
})
afterAll(() => Promise.all([idp.close(), shared.close()]))

/** What the form that the identity provider's page sends itself has in its fields. */
async function answerAt(address: string) {
  const html = await (await fetch(address)).text()
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? null
  return { samlResponse: field('SAMLResponse') ?? html, relayState: field('RelayState') }
}

async function connected(idp: Idp) {
  const place = await company()
  const metadata_xml = idp.metadata()
  await addSsoConnection(place.operator, {
    kind: 'saml',
    provider: 'saml',
    metadata_xml,
    idp_initiated: true,
    email_attribute: null,
  })
  return { ...place, email: `grace@${place.domain}` }
}

test.each<SamlShape>(['assertion', 'response', 'both', 'encrypted'])(
  'an identity provider of somebody else’s making answers in the shape “%s”, and the person is in',
  async (shape) => {
    const { organizationId, email } = await connected(idp)
    idp.behave({ shape })
    const begun = await begin(email)
    const { flowId } = await answerSaml(await answerAt(`${begun.url}&email=${email}`), origin)
    expect(flowId).toBe(begun.id)
    expect(await finish(begun)).toMatchObject({ kind: 'signed_in' })
    expect(await sessionsOf(organizationId)).toBe(1)
  },
)

test('begun at an identity provider that two organizations share, the person is in at the one with their domain', async () => {
  const [first, second] = [await connected(shared), await connected(shared)]
  shared.behave({ shape: 'both' })
  for (const { organizationId, email } of [second, first]) {
    const { flowId, state } = await answerSaml(await answerAt(`${shared.url}/start?email=${email}`), origin)
    expect(await finish({ id: flowId, state: state ?? '' }, true)).toMatchObject({ kind: 'signed_in' })
    expect(await sessionsOf(organizationId)).toBe(1)
  }
})

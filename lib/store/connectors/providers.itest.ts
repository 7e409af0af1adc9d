import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../../env/testing/environment'
import { connect, passOf, textOf } from '../testing/connector-passes'
import { startGoogle } from '../testing/google-server'
import { startMicrosoft } from '../testing/microsoft-server'
import { startNotion } from '../testing/notion-server'
import { startSlack } from '../testing/slack-server'
import { connectorOf, hasConnector } from './providers'

const ends: Array<() => unknown> = []
let env: Record<string, string> = {}
let servers: {
  google: Awaited<ReturnType<typeof startGoogle>>
  slack: Awaited<ReturnType<typeof startSlack>>
  notion: Awaited<ReturnType<typeof startNotion>>
  microsoft: Awaited<ReturnType<typeof startMicrosoft>>
}

beforeAll(async () => {
  const [google, slack, notion, microsoft] = await Promise.all([
    startGoogle(),
    startSlack(),
    startNotion(),
    startMicrosoft(),
  ])
  servers = { google, slack, notion, microsoft }
  env = { ...google.env, ...slack.env, ...notion.env, ...microsoft.env }
  ends.push(google.close, slack.close, notion.close, microsoft.close)
})
afterAll(() => Promise.all(ends.map((end) => end())))
afterEach(restoreEnvironment)

describe('Providers by the environment', () => {
  it.each([
    ['google_drive', 'google', '1001'],
    ['slack', 'slack', 'T1:UADA'],
    ['notion', 'notion', 'w-Example:a0000000-0000-4000-8000-000000000001'],
    ['microsoft_365', 'microsoft', 'aaaa1111-0000-4000-8000-000000000001'],
  ] as const)(
    'finds %s at the address that the operator set, a slash at its end or none',
    async (provider, name, id) => {
      setEnvironment(
        Object.fromEntries(
          Object.entries(env).map(([key, value]) => [key, /_URL|_ISSUER/.test(key) ? `${value}/` : value]),
        ),
      )
      expect(hasConnector(provider)).toBe(true)
      const { oauth } = connectorOf(provider)
      const { accessToken } = await connect(oauth, servers[name], [])
      expect(await oauth.account(accessToken)).toMatchObject({ id })
    },
  )

  it('has no provider without a client, and calls that an outage', () => {
    expect(hasConnector('slack')).toBe(false)
    expect(() => connectorOf('slack')).toThrow('unavailable: connector_not_configured')
  })
})

describe('Downloads that Graph sends elsewhere for', () => {
  const paths: (string | undefined)[] = []

  it('go there without the token where the operator opened the place, and nowhere else', async () => {
    const { control, url } = servers.microsoft
    setEnvironment({ ...env, TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.0/8' })
    const other = createServer((request, response) => {
      paths.push(request.headers.authorization)
      response.end('From elsewhere.')
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    ends.push(() => other.close())
    control.putItem({ id: 'own', name: 'own.txt', drive: 'drive-ada', text: 'My own.' })
    const { oauth, files } = connectorOf('microsoft_365')
    const { accessToken } = await connect(oauth, servers.microsoft, ['Files.Read.All'])
    const document = (await passOf(files, accessToken, ['drive:drive-ada'])).found.get('drive-ada:own')
    expect(await textOf(files, accessToken, document)).toBe('My own.')
    control.downloadFrom(`http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    expect(await textOf(files, accessToken, document)).toBe('From elsewhere.')
    expect(paths).toEqual([undefined])
    setEnvironment({ ...env, TWIG_ALLOW_PRIVATE_ENDPOINTS: undefined })
    await expect(textOf(files, accessToken, document)).rejects.toMatchObject({ kind: 'invalid_answer' })
    expect(paths).toHaveLength(1)
    control.downloadFrom(url)
  })
})

import { startGoogle } from '../../lib/store/testing/google-server'
import { startMicrosoft } from '../../lib/store/testing/microsoft-server'
import { startNotion } from '../../lib/store/testing/notion-server'
import { startSlack } from '../../lib/store/testing/slack-server'
import { PASSWORD, type Person, somebody } from '../fixtures'
import { startTwig } from '../servers'

/** An organization with somebody in it, and a key of its own. */
export interface Company {
  id: string
  person: Person
  key: string
}

/** Four providers on this machine, and a Twig that is set up for them. Their pages are small: all takes more than one. */
export async function startConnectorWorld() {
  const [google, slack, notion, microsoft] = await Promise.all([
    startGoogle({ pageSize: 2 }),
    startSlack({ pageSize: 2 }),
    startNotion({ pageSize: 2 }),
    startMicrosoft({ pageSize: 2 }),
  ])
  const env = { ...google.env, ...slack.env, ...notion.env, ...microsoft.env }
  const twig = await startTwig({ ...env, TRUSTED_PROXY_HOPS: '1' })

  function join(organizationId: string, role: 'member' | 'viewer'): Person {
    const person = somebody()
    const who = ['--email', person.email, '--password', PASSWORD]
    twig.twig('user', 'create', ...who, '--org', organizationId, '--role', role)
    return person
  }

  function found(name: string): Company {
    const { id = '' } = twig.twig('org', 'create', '--name', name)
    const person = join(id, 'member')
    const rights = ['--scopes', 'read,write,execute', '--env', 'live']
    const { key = '' } = twig.twig('key', 'create', '--org', id, '--name', 'Test', ...rights)
    return { id, person, key }
  }

  return {
    ...{ google, slack, notion, microsoft, url: twig.url, join },
    acme: found('Acme'),
    rival: found('Rival'),
    async close() {
      await twig.close()
      await Promise.all([google, slack, notion, microsoft].map((server) => server.close()))
    },
  }
}

export type ConnectorWorld = Awaited<ReturnType<typeof startConnectorWorld>>

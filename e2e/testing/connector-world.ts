import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startGoogle } from '../../lib/store/testing/google-server'
import { startMicrosoft } from '../../lib/store/testing/microsoft-server'
import { startNotion } from '../../lib/store/testing/notion-server'
import { startSlack } from '../../lib/store/testing/slack-server'
import { PASSWORD, type Person, somebody } from '../fixtures'
import { ROOT, startTwig } from '../servers'

type Twig = Awaited<ReturnType<typeof startTwig>>

/** The operator's command line on a server's data; each call is a process, so that many may run at a time. */
async function command(twig: Twig, ...args: string[]): Promise<Record<string, string>> {
  const env = { ...process.env, TWIG_DATA_DIR: twig.dataDir, APP_URL: twig.url }
  const line = [join(ROOT, 'server/bootstrap.mjs'), 'twig', ...args, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, line, { cwd: ROOT, env })
  return JSON.parse(stdout)
}

async function someoneIn(twig: Twig, organization: string, role: 'member' | 'viewer'): Promise<Person> {
  const person = somebody()
  const who = ['--email', person.email, '--password', PASSWORD]
  await command(twig, 'user', 'create', ...who, '--org', organization, '--role', role)
  return person
}

/** An organization with a member, a viewer and a key. */
async function acme(twig: Twig) {
  const { id = '' } = await command(twig, 'org', 'create', '--name', 'Acme')
  const rights = ['--scopes', 'read,write,execute', '--env', 'live']
  const [person, viewer, { key = '' }] = await Promise.all([
    someoneIn(twig, id, 'member'),
    someoneIn(twig, id, 'viewer'),
    command(twig, 'key', 'create', '--org', id, '--name', 'Test', ...rights),
  ])
  return { person, viewer, key }
}

/** Another organization, with a member. */
async function rival(twig: Twig) {
  const { id = '' } = await command(twig, 'org', 'create', '--name', 'Rival')
  return { person: await someoneIn(twig, id, 'member') }
}

/** Four providers on this machine, and a Twig that is set up for them. Their pages are small: all takes more than one. */
export async function startConnectorWorld() {
  const servers = await Promise.all([
    startGoogle({ pageSize: 2 }),
    startSlack({ pageSize: 2 }),
    startNotion({ pageSize: 2 }),
    startMicrosoft({ pageSize: 2 }),
  ])
  const [google, slack, notion, microsoft] = servers
  const env = { ...google.env, ...slack.env, ...notion.env, ...microsoft.env }
  const twig = await startTwig({ ...env, TRUSTED_PROXY_HOPS: '1' })
  const [one, other] = await Promise.all([acme(twig), rival(twig)])
  return {
    ...{ google, slack, notion, microsoft, url: twig.url, acme: one, rival: other },
    async close() {
      await twig.close()
      await Promise.all(servers.map((server) => server.close()))
    },
  }
}

export type ConnectorWorld = Awaited<ReturnType<typeof startConnectorWorld>>

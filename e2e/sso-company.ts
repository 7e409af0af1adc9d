import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PASSWORD, serverUnderTest } from './fixtures'
import { ROOT } from './servers'

/** The operator's command line on the data of the server under test; the document that it prints. */
async function twig(...args: string[]): Promise<Record<string, string>> {
  const env = {
    ...process.env,
    TWIG_DATA_DIR: serverUnderTest().dataDir,
    APP_URL: process.env.E2E_BASE_URL,
    TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32',
  }
  const command = [join(ROOT, 'server/bootstrap.mjs'), 'twig', ...args, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, env })
  return JSON.parse(stdout)
}

interface Company {
  org: string
  name: string
  domain: string
  owner: { email: string; password: string; name: string }
}

/** An Enterprise organization with an owner and a domain that the operator vouches for. */
export async function makeCompany(): Promise<Company> {
  const tag = randomBytes(5).toString('hex')
  const [name, domain] = [`Company ${tag}`, `c${tag}.example`]
  const { id: org = '' } = await twig('org', 'create', '--name', name, '--plan', 'enterprise')
  const owner = { email: `owner@${domain}`, password: PASSWORD, name: 'Owner' }
  await twig(
    'user',
    'create',
    '--email',
    owner.email,
    '--password',
    PASSWORD,
    '--org',
    org,
    '--role',
    'owner',
  )
  await twig('domain', 'add', '--org', org, '--domain', domain, '--trust')
  return { org, name, domain, owner }
}

/** Connects it to an identity provider, by what the command line is given of it. */
export async function connect({ org }: Company, ...source: string[]): Promise<void> {
  await twig('sso', 'add', '--org', org, ...source)
}

/** The same from a file of metadata. */
export async function connectByFile(company: Company, metadata: string, ...more: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'twig-metadata-'))
  const file = join(folder, 'metadata.xml')
  writeFileSync(file, metadata)
  await connect(company, '--metadata-file', file, ...more)
  rmSync(folder, { recursive: true })
}

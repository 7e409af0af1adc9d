import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { hashPassword } from '../../lib/store/passwords'
import { postgresUrl } from '../../server/postgres'
import type { Settings } from '../twig-command'

export const PASSWORD = 'plover-quartz-mandolin-42'

/** Somebody with an account, at an address of their own where they have signed in before. */
export interface LoadPerson {
  id: string
  email: string
  clientIp: string
}

/** Addresses of 198.18.0.0/15, which are for measurements (RFC 2544). */
function addressOf(index: number): string {
  return `198.${18 + Math.floor(index / 65_536)}.${Math.floor(index / 256) % 256}.${index % 256}`
}

function databaseOf({ TWIG_DATA_DIR = '' }: Settings): string {
  const read = (name: string) => JSON.parse(readFileSync(join(TWIG_DATA_DIR, name), 'utf8'))
  return postgresUrl(read('run.json').postgresPort, read('secrets.json').postgresPassword)
}

/**
 * Writes accounts as sign-up would, with one hash for all: it costs the same to verify.
 * @param settings by which the data of a running Twig is found
 * @param slug     the organization that all are members of
 */
export async function addPeople(settings: Settings, slug: string, count: number): Promise<LoadPerson[]> {
  const people = Array.from({ length: count }, (_, index) => ({
    id: `user_load${String(index).padStart(16, '0')}`,
    email: `load.${index}@example.com`,
    clientIp: addressOf(index),
  }))
  const hash = await hashPassword(PASSWORD)
  const client = new pg.Client({ connectionString: databaseOf(settings) })
  await client.connect()
  try {
    const columns = [people.map(({ id }) => id), people.map(({ email }) => email)]
    await client.query(
      `insert into users (id, email, name) select id, email, 'Load' from unnest($1::text[], $2::text[]) p (id, email)`,
      columns,
    )
    await client.query('insert into passwords (user_id, hash) select unnest($1::text[]), $2', [
      columns[0],
      hash,
    ])
    await client.query(
      `insert into memberships (organization_id, user_id, role)
       select o.id, p.id, 'member' from organizations o, unnest($1::text[]) p (id) where o.slug = $2`,
      [columns[0], slug],
    )
    await client.query(
      `insert into sessions (id, user_id, organization_id, method, user_agent, client_ip, created_at, ended_at, end_reason)
       select 'sess_' || substr(p.id, 6), p.id, o.id, 'password', 'load', p.ip, now() - interval '1 day', now(), 'logged_out'
       from organizations o, unnest($1::text[], $2::text[]) p (id, ip) where o.slug = $3`,
      [columns[0], people.map(({ clientIp }) => clientIp), slug],
    )
  } finally {
    await client.end()
  }
  return people
}

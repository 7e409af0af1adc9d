import pg from 'pg'
import { postgresUrl } from '../server/postgres'
import { serverUnderTest } from './fixtures'

/** Runs one statement on the database of the server under test. */
export async function sql(statement: string, values: unknown[]): Promise<pg.QueryResult> {
  const { run, secrets } = serverUnderTest()
  const connectionString = postgresUrl(run().postgresPort, secrets().postgresPassword ?? '')
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await client.query(statement, values)
  } finally {
    await client.end()
  }
}

/** Gives somebody a role wherever they are a member. An owner always remains, so another one stands by. */
export async function setRole({ email }: { email: string }, role: string): Promise<void> {
  const places = 'from memberships join users on users.id = user_id where email = $1'
  const standIn = "'user_by' || organization_id"
  await sql(
    `insert into users (id, email, name)
     select ${standIn}, lower(organization_id) || '@stand-in.example', 'Stand-in' ${places} on conflict do nothing`,
    [email],
  )
  await sql(
    `insert into memberships (organization_id, user_id, role)
     select organization_id, ${standIn}, 'owner' ${places} on conflict do nothing`,
    [email],
  )
  await sql(
    'update memberships set role = $2::role where user_id in (select id from users where email = $1)',
    [email, role],
  )
}

import pg from 'pg'

type Query = pg.QueryConfig | string

/**
 * Connections through a pooler in transaction mode, as of PgBouncer: Postgres's own are lent for one transaction at a time,
 * to anybody. What holds for a statement is therefore said in its transaction, and a statement by itself gets one.
 * @param statementMs after so long Postgres ends a statement
 * @returns the pool that was given, which lends them from now on
 */
export function borrowedPool(pool: pg.Pool, statementMs: number): pg.Pool {
  const begin = `BEGIN; SET LOCAL statement_timeout = ${statementMs}`
  pool.on('connect', (client) => {
    const query = client.query.bind(client)
    const isBegin = (asked: Query) => typeof asked === 'object' && asked.text === 'BEGIN'
    Object.assign(client, { query: (asked: Query) => query(isBegin(asked) ? begin : asked) })
  })
  const queryAlone = async (asked: Query) => {
    const client = await pool.connect()
    const onError = () => {}
    client.on('error', onError)
    const giveBack = (error?: Error) => {
      client.removeListener('error', onError)
      client.release(error)
    }
    try {
      await client.query(begin)
      const result = await client.query(asked)
      // Triggers that wait for the commit may still refuse it.
      await client.query('COMMIT')
      giveBack()
      return result
    } catch (error) {
      // Where Postgres itself answered, the connection is as good as before; else nobody knows what still comes on it.
      if (error instanceof pg.DatabaseError) await client.query('ROLLBACK').then(() => giveBack(), giveBack)
      else giveBack(error instanceof Error ? error : new Error('lost'))
      throw error
    }
  }
  Object.assign(pool, { query: queryAlone })
  return pool
}

import { ProviderFailure } from '../../store/connectors/connector'
import { checkDatabase, closeDb } from '../../store/db'
import { freshAccessToken } from '../connection-tokens'

/**
 * Asks for the access token of a source so many times at once, in a process that a test can kill, once a line comes on
 * stdin. Says on stdout when it is ready, and then a line of JSON: each token, or the reason why there is none.
 */
const [organizationId = '', dataSourceId = '', times = '1', aheadMs = '0'] = process.argv.slice(2)
const clock = () => new Date(Date.now() + Number(aheadMs))
// A process in use has its connections already; to open them takes a busy machine longer than a request may wait.
const connect = () => Promise.all(Array.from({ length: 10 }, checkDatabase))
let isConnected = false
while (!isConnected) {
  isConnected = await connect().then(
    () => true,
    () => false,
  )
}
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
const answers = await Promise.all(
  Array.from({ length: Number(times) }, () =>
    freshAccessToken({ organizationId, dataSourceId }, {}, clock).then(
      ({ accessToken }) => accessToken,
      (error: unknown) => (error instanceof ProviderFailure ? error.reason : String(error)),
    ),
  ),
)
process.stdout.write(`${JSON.stringify(answers)}\n`)
await closeDb()
process.stdin.destroy()

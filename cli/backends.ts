import { backgroundSettled } from '../lib/store/background'
import { checkCache } from '../lib/store/cache'
import { closeDb } from '../lib/store/db'
import { fillBackends, startBackends } from '../server/backends'
import { configure } from '../server/configuration'
import { migrate } from '../server/migrate'

const STOPPED_BY_SIGNAL = 130
const WARM_UP_ATTEMPTS = 4

/** Progress is for somebody who watches; a script's stderr holds errors alone. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${line}\n`)
}

/**
 * Opens the connection to Redis, and lets one of our own load its Lua: the first call may take longer than the 300 ms
 * that a call is given. Whether Redis then answers is for the work to find out.
 */
async function warmUpRedis(): Promise<void> {
  for (let attempt = 0; attempt < WARM_UP_ATTEMPTS; attempt++) {
    const answers = await checkCache().then(
      () => true,
      () => false,
    )
    if (answers) return
  }
}

/**
 * Does the work with Postgres and Redis at hand: those of the Twig that runs on this data folder, or its own for as long
 * as it takes. Throws Problem when there are none to be had, besides what the work throws.
 */
export async function withBackends<T>(work: () => Promise<T>): Promise<T> {
  const env = configure()
  const onCrash = (sentence: string) => void process.stderr.write(`${sentence}\n`)
  const backends = await startBackends({ env, role: 'command', say, onCrash })
  const finish = async () => {
    await backgroundSettled()
    await closeDb()
    await backends.close()
  }
  const onSignal = () => void finish().finally(() => process.exit(STOPPED_BY_SIGNAL))
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  try {
    fillBackends(process.env, backends)
    // The address just filled in stands for it; both at once would be a contradiction.
    delete process.env.REDIS_URL
    // lib logs to stdout, which belongs to the answer.
    process.env.LOG_LEVEL = 'silent'
    // A running server has migrated; under it nothing is changed.
    if (!backends.isAttached) await migrate(env.directDatabaseUrl ?? backends.databaseUrl)
    await warmUpRedis()
    return await work()
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    await finish()
  }
}

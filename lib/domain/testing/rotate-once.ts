import { checkDatabase, closeDb, patiently } from '../../store/db'
import { rotateSecrets } from '../secret-rotation'

/** Rotates with the environment's ring, in a process that a test can kill. Says on stdout when it begins and what came of it. */
await patiently(checkDatabase)
process.stdout.write('begun\n')
const report = await patiently(rotateSecrets)
process.stdout.write(`${JSON.stringify(report)}\n`)
await closeDb()

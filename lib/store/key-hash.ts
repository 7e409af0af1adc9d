import { cpus } from 'node:os'
import { hash, verify } from '@node-rs/bcrypt'
import { WorkQueue } from './work-queue'

const COST = 12
/** Apart from the passwords' queue, so that a flood of sign-ins cannot hold up the API, nor the other way round. */
const queue = new WorkQueue({ concurrency: Math.max(1, cpus().length - 1), maxWaiting: 256 })

/** The bcrypt hash, cost 12, of an API key's secret part (32 characters, under bcrypt's 72 bytes). */
export function hashSecret(secret: string): Promise<string> {
  return queue.run(() => hash(secret, { cost: COST }))
}

/** Whether a secret fits its hash. Throws temporarily_unavailable when too many wait. */
export function verifySecret(secret: string, secretHash: string): Promise<boolean> {
  return queue.run(() => verify(secret, secretHash))
}

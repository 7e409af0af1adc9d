import { hash, verify } from '@node-rs/bcrypt'
import { hashObserver } from './hash-observer'
import { WorkQueue } from './work-queue'

const COST = 12
/** Apart from the passwords' queue, so that a flood of sign-ins cannot hold up the API. A key is hashed on first use only. */
const queue = new WorkQueue({ concurrency: 1, maxWaiting: 256, observer: hashObserver('keys') })

let computations = 0

function compute<T>(work: () => Promise<T>): Promise<T> {
  return queue.run(() => {
    computations += 1
    return work()
  })
}

/** The bcrypt hash, cost 12, of an API key's secret part (32 characters, under bcrypt's 72 bytes). */
export function hashSecret(secret: string): Promise<string> {
  return compute(() => hash(secret, { cost: COST }))
}

/** Whether a secret fits its hash. Throws temporarily_unavailable when too many wait. */
export function verifySecret(secret: string, secretHash: string): Promise<boolean> {
  return compute(() => verify(secret, secretHash))
}

/** bcrypt computations for API keys in this process so far. */
export function keyHashCount(): number {
  return computations
}

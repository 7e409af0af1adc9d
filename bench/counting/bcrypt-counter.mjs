import { appendFileSync } from 'node:fs'
import { createRequire } from 'node:module'

// Loaded into a server before anything else: every use of bcrypt in that process adds a byte to a file.

const file = process.env.BENCH_BCRYPT_FILE
if (file) {
  const bcrypt = createRequire(import.meta.url)('@node-rs/bcrypt')
  for (const name of ['hash', 'hashSync', 'compare', 'compareSync', 'verify', 'verifySync']) {
    const original = bcrypt[name]
    bcrypt[name] = (...args) => {
      appendFileSync(file, '.')
      return original(...args)
    }
  }
}

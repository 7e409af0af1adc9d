import pino from 'pino'
import { nodeEnv } from '../env/node'
import { metrics } from './metrics'

/** Anything that looks like a credential, wherever in a text it stands. Redaction by path alone would miss messages. */
const SECRETS =
  /twigsk_(?:live|test)_\w+|\bsk-[\w-]{8,}|\bxox[abprs]-[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|\bBearer\s+\S+|(postgres(?:ql)?|rediss?|smtps?):\/\/[^@\s/]+@/gi

/** Replaces credentials in a text by a mark. */
export function scrub(text: string): string {
  return text.replace(SECRETS, (_match, scheme?: string) => (scheme ? `${scheme}://[secret]@` : '[secret]'))
}

const COUNTED = new Map([
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
])

const shared = globalThis as unknown as { twigLog?: pino.Logger }

function create(): pino.Logger {
  const options: pino.LoggerOptions = {
    level: nodeEnv().logLevel,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: {
      logMethod(args, method, level) {
        const label = COUNTED.get(level)
        if (label) metrics.logLines.add(label)
        method.apply(this, args)
      },
    },
  }
  return pino(options, { write: (line: string) => void process.stdout.write(scrub(line)) })
}

/** The process's log: one JSON object a line on stdout, scrubbed of credentials. */
export function log(): pino.Logger {
  shared.twigLog ??= create()
  return shared.twigLog
}

import { execFile } from 'node:child_process'
import { z } from 'zod'
import { TwigError } from '../core/errors'
import { Finding } from '../core/finding'
import { givenEnvironment } from '../env/given'
import { bareCause } from './background'
import { log } from './log'

/** Each check has bounds of its own; all of them together take seconds. */
const TIME_MS = 45_000
const OUTPUT_BYTES_MAX = 1024 * 1024
/** A finding is good for so long: whoever asks again at once gets the same. */
const FRESH_MS = 10_000

const COMMAND = ['server/bootstrap.mjs', 'twig', 'doctor', '--json']

interface Examination {
  findings: Promise<Finding[]>
  beganMs: number
}

/** One for the process: it takes as much of the machine as a command does. */
const shared = globalThis as unknown as { twigExamination?: Examination | undefined }

function run(): Promise<Finding[]> {
  const options = { env: givenEnvironment(), timeout: TIME_MS, maxBuffer: OUTPUT_BYTES_MAX }
  return new Promise((resolve, reject) => {
    // It ends with 1 where there is a problem, and has said everything all the same.
    execFile(process.execPath, COMMAND, options, (error, stdout) => {
      const parsed = z.array(Finding).safeParse(parseJson(stdout))
      if (parsed.success) return resolve(parsed.data)
      log().warn({ cause: error ? bareCause(error) : 'unreadable' }, 'the doctor gave no findings')
      const message = 'The doctor did not answer. On the machine itself, run: npm run -s twig -- doctor'
      reject(new TwigError('temporarily_unavailable', message))
    })
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What `twig doctor` finds, by a process of its own in the environment that the operator gave; 45 seconds at most, one
 * at a time. Throws temporarily_unavailable when it gives no findings.
 */
export function examine(nowMs: number = Date.now()): Promise<Finding[]> {
  const last = shared.twigExamination
  if (last && nowMs - last.beganMs < FRESH_MS) return last.findings
  const findings = run()
  shared.twigExamination = { findings, beganMs: nowMs }
  findings.catch(() => {
    shared.twigExamination = undefined
  })
  return findings
}

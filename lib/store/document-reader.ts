import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { DocumentProblem } from './document-problem'
import type { Original, Reading } from './document-reading'

/** For one document; a PDF of some hundred pages takes a few seconds. */
const TIME_MS = 60_000
/** Of the whole process that reads. */
const MEMORY_BYTES = 512 * 1024 * 1024
/** The process watches its own time; when it cannot even do that, it is killed after so much more. */
const GRACE_MS = 5_000
/** It stays for the next document for so long. */
const IDLE_MS = 30_000

const PROCESS_FILE = fileURLToPath(new URL('./document-reader-process.mjs', import.meta.url))

type Answer = { id: number; isSpent?: boolean } & (
  | { reading: Reading }
  | { reason: string }
  | { problem: 'memory' | 'time' | 'crash' }
)

/** The reading process ended without a word about the document: it may be another's fault, and worth another try. */
export class ReaderFailure extends Error {
  override readonly name = 'ReaderFailure'
}

export interface ReaderLimits {
  timeMs?: number
  memoryBytes?: number
  idleMs?: number
}

const PROBLEMS = {
  memory: 'it takes too much memory to read; it may be built to do so',
  time: 'it takes too long to read; it may be damaged or built to do so',
  crash: 'it is damaged and cannot be read',
} as const

/** Reads documents one at a time in a process of its own, without secrets, with bounds of time and memory. */
export class DocumentReader {
  readonly #limits: Required<ReaderLimits>
  #child: ChildProcess | undefined
  #last = 0
  #idle: NodeJS.Timeout | undefined

  constructor({ timeMs = TIME_MS, memoryBytes = MEMORY_BYTES, idleMs = IDLE_MS }: ReaderLimits = {}) {
    this.#limits = { timeMs, memoryBytes, idleMs }
  }

  /** The process that reads, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Reads one document; the one before must have come to its end.
   * @throws DocumentProblem when it cannot be read, ReaderFailure when the reading process ended for a reason unknown
   */
  async read(original: Original): Promise<Reading> {
    clearTimeout(this.#idle)
    const child = this.#child ?? this.#start()
    const answer = await this.#ask(child, original)
    if (answer.isSpent || 'problem' in answer) this.close()
    else this.#idle = setTimeout(() => this.close(), this.#limits.idleMs).unref()
    if ('reading' in answer) return answer.reading
    throw new DocumentProblem('problem' in answer ? PROBLEMS[answer.problem] : answer.reason)
  }

  /** Ends the process; what it was reading fails with ReaderFailure. */
  close(): void {
    clearTimeout(this.#idle)
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #start(): ChildProcess {
    const child = fork(PROCESS_FILE, [], {
      // Nothing of our environment: it holds secrets.
      env: { NODE_ENV: 'production' },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.on('error', () => {})
    child.once('exit', () => this.#forget(child))
    child.unref()
    child.channel?.unref()
    this.#child = child
    return child
  }

  #forget(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined
  }

  #ask(child: ChildProcess, original: Original): Promise<Answer> {
    const { timeMs, memoryBytes } = this.#limits
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const cut = setTimeout(() => child.kill('SIGKILL'), timeMs + GRACE_MS)
      const onMessage = (answer: Answer) => {
        if (answer.id === id) finish(() => resolve(answer))
      }
      const onGone = () => finish(() => reject(new ReaderFailure('The process that reads documents ended.')))
      const finish = (settle: () => void) => {
        clearTimeout(cut)
        child.off('message', onMessage).off('exit', onGone).off('error', onGone)
        settle()
      }
      child.on('message', onMessage).on('exit', onGone).on('error', onGone)
      child.send({ id, original, timeMs, memoryBytes }, (error) => {
        if (error) onGone()
      })
    })
  }
}

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { processStart } from './lock.mjs'

const runFile = z.object({
  pid: z.number(),
  started: z.string(),
  /** A command of the operator lets go of the data folder within seconds, a server does not. */
  role: z.enum(['server', 'command']),
  /** Where the server listens. */
  port: z.number().optional(),
  postgresPort: z.number().optional(),
  redis: z.object({ url: z.string(), token: z.string() }).optional(),
})

/** What the process that holds a data folder tells others of this user: where its backends are. */
export type RunFile = z.infer<typeof runFile>

const path = (dataDir: string) => join(dataDir, 'run.json')

/** Publishes where this process's backends are; mode 600, replaced as a whole. */
export function writeRunFile(dataDir: string, facts: Omit<RunFile, 'pid' | 'started'>): void {
  const draft = `${path(dataDir)}.${randomBytes(6).toString('hex')}`
  const mine: RunFile = { pid: process.pid, started: processStart(process.pid) ?? '', ...facts }
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 })
  renameSync(draft, path(dataDir))
}

/** What the living process that holds the data folder has published, if any. */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    const facts = runFile.parse(JSON.parse(readFileSync(path(dataDir), 'utf8')))
    return processStart(facts.pid) === facts.started ? facts : undefined
  } catch {
    return undefined
  }
}

/** Withdraws what this process published. */
export function removeRunFile(dataDir: string): void {
  if (readRunFile(dataDir)?.pid === process.pid) rmSync(path(dataDir), { force: true })
}

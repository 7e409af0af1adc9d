import { spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, vi } from 'vitest'
import type { z } from 'zod'
import { forgetEnv } from '../../lib/env/node'
import { root } from '../../server/configuration'
import { main } from '../main'

/** What a command came to. */
export interface Outcome {
  code: number | null
  out: string
  err: string
}

/** What a command is given besides its words. */
export interface Given {
  stdin?: string
  env?: Readonly<Record<string, string>>
}

function capture(stream: NodeJS.WriteStream, keep: (text: string) => void) {
  return vi.spyOn(stream, 'write').mockImplementation((chunk, encodingOrDone, done) => {
    keep(String(chunk))
    const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done
    callback?.()
    return true
  })
}

/**
 * Obeys a command line in this process, which costs none of the second that a process of its own takes to begin. What it
 * changes of the environment is undone; the pools of the database are closed, as at the end of a process.
 */
export async function obey(args: readonly string[], { stdin = '', env = {} }: Given = {}): Promise<Outcome> {
  const before = { ...process.env }
  const outcome = { out: '', err: '' }
  const spies = [
    capture(process.stdout, (text) => {
      outcome.out += text
    }),
    capture(process.stderr, (text) => {
      outcome.err += text
    }),
    vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([stdin]) as typeof process.stdin),
  ]
  Object.assign(process.env, env)
  forgetEnv()
  try {
    return { code: await main([...args]), ...outcome }
  } finally {
    for (const spy of spies) spy.mockRestore()
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
    forgetEnv()
  }
}

/** The same as an operator does it: a process of its own, begun in another folder, with this environment and no more. */
export function obeyElsewhere(
  args: readonly string[],
  { stdin = '', env = {} }: Given = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, 'server/bootstrap.mjs'), 'twig', ...args], {
    cwd: tmpdir(),
    env: { NODE_ENV: 'production', ...env },
  })
  const outcome = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    outcome.out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    outcome.err += chunk
  })
  child.stdin.end(stdin)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...outcome })))
}

/** The one document that stands on stdout of a command that went well and said nothing else. */
export function documentOf<T extends z.ZodType>(shape: T, { code, out, err }: Outcome): z.infer<T> {
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return shape.parse(JSON.parse(out))
}

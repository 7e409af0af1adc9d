import { copyFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join, parse } from 'node:path'
import { z } from 'zod'
import { root } from '../server/configuration'
import { Problem } from '../server/problem.mjs'
import { runCommand } from '../server/run-command'
import { startProcess } from './child-process'

/** The same route twice: with nothing in front of it, and behind a middleware that does nothing. */
export type BareKind = 'bare' | 'no-op-middleware'

const SOURCE = join(root, 'bench/bare')
const Ready = z.object({ url: z.string() })

/** Next takes packages and middleware from parent folders too: the root must hold both the packages and the app. */
const ENVIRONMENT = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', BENCH_ROOT: parse(root).root }

/**
 * Builds a bare app in a folder of its own, which must lie outside of the clone: from inside, Next would find Twig's
 * own middleware.
 * @param workspace where that folder is made
 * @returns the app's folder
 * @throws Problem with the build's output when it fails
 */
export async function buildBareApp(kind: BareKind, workspace: string): Promise<string> {
  const folder = join(workspace, kind)
  mkdirSync(folder)
  cpSync(join(SOURCE, 'app'), join(folder, 'app'), { recursive: true })
  copyFileSync(join(SOURCE, 'next.config.ts'), join(folder, 'next.config.ts'))
  if (kind === 'no-op-middleware') {
    copyFileSync(join(SOURCE, 'no-op-middleware.ts'), join(folder, 'middleware.ts'))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const { ok, output } = await runCommand(
    process.execPath,
    [join(root, 'node_modules/next/dist/bin/next'), 'build'],
    { cwd: folder, env: { ...process.env, ...ENVIRONMENT, NODE_ENV: 'production' }, output: 'kept' },
  )
  if (!ok) throw new Problem(`${output.trim()}\nThe bare app could not be built.`)
  return folder
}

/**
 * Serves a bare app that has been built, in a process of its own.
 * @param body the JSON that its route answers
 */
export async function startBareApp(folder: string, body: string) {
  const { ready, close } = await startProcess('./bare/host.ts', [folder], {
    ...ENVIRONMENT,
    BENCH_BODY: body,
  })
  return { url: Ready.parse(ready).url, close }
}

#!/usr/bin/env node
import cluster from 'node:cluster'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// The first file that runs: plain JavaScript without a dependency, because there may be nothing installed yet.

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Command → the module that does it, and whether it needs the packages that only development needs. */
const COMMANDS = {
  start: { module: 'server/start.ts', development: false },
  dev: { module: 'server/start.ts', development: false },
  twig: { module: 'cli/main.ts', development: false },
  test: { module: 'server/test.ts', development: true },
  verify: { module: 'server/verify.ts', development: true },
  bench: { module: 'bench/main.ts', development: false },
  mutants: { module: 'server/mutants.ts', development: true },
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const isFit = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  if (isFit) return
  fail(
    `Twig needs Node.js 20.19 or newer of version 20, 22.12 or newer, or 24; this is ${process.version}. ` +
      'Install a current Node.js from https://nodejs.org and run the command again.',
  )
}

async function main() {
  checkNode()
  const [name = '', ...args] = process.argv.slice(2)
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) fail(`Usage: node server/bootstrap.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`)
  // A worker of WEB_CONCURRENCY runs this file again, after its parent has done all of the preparing.
  if (!cluster.isWorker) {
    const { prepare } = await import('./install.mjs')
    // The command line's stdout belongs to its answer alone.
    const out = name === 'twig' ? process.stderr : process.stdout
    await prepare(root, { development: command.development, say: (line) => out.write(`${line}\n`) })
  }
  const module = new URL(command.module, pathToFileURL(`${root}/`))
  if (!existsSync(module)) fail(`There is no ${command.module} in this copy of Twig.`)
  process.chdir(root)
  const { register } = await import('tsx/esm/api')
  register()
  const { main: run } = await import(module.href)
  return await run(name === 'start' || name === 'dev' ? [name, ...args] : args)
}

main().then(
  (code) => process.exit(code),
  (error) => {
    // A server turns them off (server/worker.ts); they are read when somebody looks at the stack.
    process.setSourceMapsEnabled(true)
    fail(error?.sentence ?? error?.stack ?? String(error))
  },
)

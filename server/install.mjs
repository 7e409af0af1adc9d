import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withLock } from './lock.mjs'
import { Problem } from './problem.mjs'

const INSTALL_STAMP = 'node_modules/.twig/installed'
const CLIENT_STAMP = 'lib/generated/schema.stamp'
const QUIETLY = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function writeText(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function digest(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(String(part)).update('\0')
  return hash.digest('hex')
}

/** Runs a program quietly; what it said is shown only when it fails. */
function run(file, args, { cwd, env, failure }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.on('error', (error) => reject(new Problem(`${failure}: ${error.message}`)))
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Problem(`${Buffer.concat(output).toString('utf8').trim()}\n${failure}.`))
    })
  })
}

/** Whether what npm recorded of node_modules holds every package of the lock file that this machine needs. */
function hasEverything(root, development) {
  const installed = readText(join(root, 'node_modules/.package-lock.json'))
  if (!installed) return false
  const have = JSON.parse(installed).packages
  const wanted = JSON.parse(readText(join(root, 'package-lock.json'))).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      entry.optional ||
      ((entry.dev || entry.devOptional) && !development) ||
      have[path]?.version === entry.version,
  )
}

function installStamp(root, development) {
  const record = join(root, 'node_modules/.package-lock.json')
  const { mtimeMs, size } = existsSync(record) ? statSync(record) : { mtimeMs: 0, size: 0 }
  return digest(readText(join(root, 'package-lock.json')), mtimeMs, size, development)
}

function npmProgram() {
  const script = process.env.npm_execpath
  if (script && /npm-cli\.[cm]?js$/.test(script)) return { file: process.execPath, first: [script] }
  return { file: process.platform === 'win32' ? 'npm.cmd' : 'npm', first: [] }
}

/** Whether node_modules is the one that an earlier call found or made complete. */
function isInstalled(root, development) {
  return readText(join(root, INSTALL_STAMP)) === installStamp(root, development)
}

async function install(root, { development, say }) {
  if (isInstalled(root, development)) return
  if (!hasEverything(root, development)) {
    say('Installing packages …')
    const env = { ...process.env }
    delete env.NODE_ENV
    const { file, first } = npmProgram()
    const npm = (...args) =>
      run(file, [...first, ...args, '--include=dev', ...QUIETLY], {
        cwd: root,
        env,
        failure: `The packages could not be installed (npm ${args[0]})`,
      })
    await npm('ci').catch((error) => {
      // A registry without some machine's optional packages; the versions are those of the lock file all the same.
      if (!error.sentence?.includes('EUSAGE')) throw error
      return npm('install', '--no-save')
    })
  }
  writeText(join(root, INSTALL_STAMP), installStamp(root, development))
}

// Prisma would fetch an engine that generating does not use; a program that does nothing keeps it from the network.
function noEngine() {
  return ['/bin/true', '/usr/bin/true'].find((path) => existsSync(path)) ?? process.execPath
}

function clientStamp(root) {
  const prisma = JSON.parse(readText(join(root, 'node_modules/prisma/package.json')) || '{}')
  return digest(readText(join(root, 'prisma/schema.prisma')), prisma.version)
}

function isGenerated(root) {
  return (
    readText(join(root, CLIENT_STAMP)) === clientStamp(root) &&
    existsSync(join(root, 'lib/generated/prisma/client.ts'))
  )
}

async function generateClient(root, { say }) {
  if (isGenerated(root)) return
  say('Generating the database client …')
  const env = {
    ...process.env,
    PRISMA_SCHEMA_ENGINE_BINARY: noEngine(),
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
  }
  const args = [join(root, 'node_modules/prisma/build/index.js'), 'generate']
  await run(process.execPath, args, { cwd: root, env, failure: 'The database client could not be generated' })
  writeText(join(root, CLIENT_STAMP), clientStamp(root))
}

/**
 * Installs the packages and generates the database client when they are missing or out of date. Several commands in
 * one folder take turns; when there is nothing to do nothing is written.
 */
export async function prepare(root, { development, say }) {
  if (isInstalled(root, development) && isGenerated(root)) return
  await withLock(
    join(root, '.cache/install.lock'),
    async () => {
      await install(root, { development, say })
      await generateClient(root, { say })
    },
    (holder) => say(`Waiting for another Twig that installs packages (process ${holder.pid}) …`),
  )
}

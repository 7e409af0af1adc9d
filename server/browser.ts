import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright'
import { root } from './configuration'
import { installDebianPackage } from './debian'
import { Problem } from './problem.mjs'
import { runCommand } from './run-command'

/** The shell first: the same engine, with less around it. */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
]
const APPLICATIONS = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const ANSWER_TIMEOUT_MS = 20_000
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000

/** A browser of the system that says its version; some paths are only a note that it could be installed. */
async function installedBrowser(): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = [
    ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))),
    ...APPLICATIONS,
  ]
  for (const path of candidates) {
    if (!existsSync(path)) continue
    const version = await runCommand(path, ['--version'], { output: 'kept', timeoutMs: ANSWER_TIMEOUT_MS })
    if (version.ok) return path
  }
  return undefined
}

function playwrightHasOne(): boolean {
  return existsSync(chromium.executablePath())
}

/**
 * Finds a browser for the end-to-end tests, and installs one when there is none.
 * @returns its path, or undefined for the one that Playwright installed for itself
 * @throws Problem that says what to do when none can be had
 */
export async function findBrowser(say: (line: string) => void): Promise<string | undefined> {
  const chosen = process.env.PLAYWRIGHT_CHROMIUM_PATH
  if (chosen) {
    if (existsSync(chosen)) return chosen
    throw new Problem(`PLAYWRIGHT_CHROMIUM_PATH names ${chosen}, which does not exist.`)
  }
  const installed = await installedBrowser()
  if (installed) return installed
  if (playwrightHasOne()) return undefined
  say('Installing a browser …')
  const cli = join(root, 'node_modules/playwright/cli.js')
  const args = [cli, 'install', 'chromium']
  await runCommand(process.execPath, args, { cwd: root, output: 'kept', timeoutMs: DOWNLOAD_TIMEOUT_MS })
  if (playwrightHasOne()) return undefined
  for (const name of ['chromium-headless-shell', 'chromium']) {
    const path = (await installDebianPackage(name)) ? await installedBrowser() : undefined
    if (path) return path
  }
  throw new Problem(
    'There is no browser for the end-to-end tests and none could be installed. Install Chromium or Google Chrome ' +
      '(on Debian: apt-get install chromium), or set PLAYWRIGHT_CHROMIUM_PATH to one.',
  )
}

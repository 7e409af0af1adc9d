import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validateEnv } from '../../lib/env/node'
import { closeDb } from '../../lib/store/db'
import { fillBackends, startBackends } from '../../server/backends'
import { root } from '../../server/configuration'
import { migrate } from '../../server/migrate'
import { Problem } from '../../server/problem.mjs'
import { ensureSecrets, fillSecrets } from '../../server/secrets'
import { describeMachine } from '../machine'
import { type Answer, askAll } from './ask'
import { explainEverything, listenToPlans } from './plans'
import { isWrong, rawOf, scaleText } from './report'
import { type Size, seed } from './seed'

/** A thousandth of the keys: what grows with them, or with the logs, shows. */
const SMALL: Size = { organizations: 20, people: 200, keys: 100, rows: 10_000 }
const LARGE: Size = { organizations: 10_000, people: 100_000, keys: 100_000, rows: 1_000_000 }

function say(line: string): void {
  process.stderr.write(`${String(Math.round(process.uptime())).padStart(4)} s  ${line}\n`)
}

/** Fills a Postgres of its own with each size in turn, and asks. */
async function measure(sizes: readonly Size[]): Promise<Answer[][]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'twig-scale-'))
  // As root, Postgres runs as a user of its own and must pass through here to reach its data.
  chmodSync(dataDir, 0o711)
  Object.assign(process.env, { TWIG_DATA_DIR: dataDir, LOG_LEVEL: 'silent' })
  fillSecrets(process.env, ensureSecrets(dataDir))
  const checked = validateEnv(process.env)
  if (!checked.ok) throw new Problem(checked.problems.join('\n'))
  const onCrash = (sentence: string) => void process.stderr.write(`${sentence}\n`)
  const backends = await startBackends({ env: checked.value, role: 'server', say: () => {}, onCrash })
  try {
    fillBackends(process.env, backends)
    await migrate(backends.databaseUrl)
    await explainEverything(backends.databaseUrl)
    listenToPlans()
    const answers: Answer[][] = []
    for (const size of sizes) {
      await seed(backends.databaseUrl, size, say)
      answers.push(await askAll(size.rows, say))
    }
    return answers
  } finally {
    await closeDb()
    await backends.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/**
 * `npm run bench -- scale`: what every hot path reads of a database with a million rows, and with a thousandth of the
 * keys. Prints a table and writes it to bench/SCALE.md, with each statement's plan beside it in bench/raw.
 * @param argv `small` measures the small one alone and writes nothing
 * @returns the exit code: 1 when one path reads more than it may, or breaks off
 */
export async function main(argv: readonly string[]): Promise<number> {
  const isSmall = argv[0] === 'small'
  const sizes = isSmall ? [SMALL] : [SMALL, LARGE]
  const machine = await describeMachine()
  const answers = await measure(sizes)
  const text = scaleText(sizes, answers, machine, new Date())
  process.stdout.write(`${text}\n`)
  if (!isSmall) {
    writeFileSync(join(root, 'bench/SCALE.md'), text)
    mkdirSync(join(root, 'bench/raw'), { recursive: true })
    writeFileSync(join(root, 'bench/raw/scale.json'), `${JSON.stringify(rawOf(sizes, answers), null, 1)}\n`)
  }
  return (answers.at(-1) ?? []).some(isWrong) ? 1 : 0
}

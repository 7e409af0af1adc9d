import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensureBuild } from '../../server/build'
import { root } from '../../server/configuration'
import { Problem } from '../../server/problem.mjs'
import { RealRedis, realRedisPath } from '../../server/redis/real-redis'
import { startServerUnderTest } from '../../server/server-under-test'
import { closing } from '../closing'
import { cells, type Figure } from '../figures/figure'
import { stop } from '../fleet'
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator'
import { describeMachine } from '../machine'
import { prepareOrganizations, type Settings } from '../twig-command'
import { measureHostile } from './hostile'
import { type LoadFigure, loadFigures, writeLoadFigure } from './report'
import { measureSignIns } from './sign-ins'
import { measureSoak } from './soak'
import { measureStreams } from './streams'

const LIMIT = 1_000_000
const USAGE =
  'Usage: npm run bench -- under-load [sign-ins|streams|hostile|soak …] [--people N] [--streams N] [--minutes N]'

/** A Twig under load, and what acts on it. */
export interface Place {
  url: string
  pid: number
  /** What it has said so far. */
  log: () => string
  /** May do everything, a million times a minute. */
  key: string
  slug: string
  settings: Settings
  redisKind: string
  generator: LoadGenerator
  say: (line: string) => void
}

type Sizes = Record<'people' | 'streams' | 'minutes', number>

const PROMISED: Sizes = { people: 10_000, streams: 2_000, minutes: 60 }

/** Whether figures are of the sizes that are told of in bench/. */
function isPromised(sizes: Sizes): boolean {
  return (Object.keys(PROMISED) as (keyof Sizes)[]).every((name) => sizes[name] === PROMISED[name])
}

const figures: Record<LoadFigure, (place: Place, sizes: Sizes) => Promise<Figure>> = {
  'sign-ins': (place, { people }) => measureSignIns(place, people),
  streams: (place, { streams }) => measureStreams(place, streams),
  hostile: (place) => measureHostile(place),
  soak: (place, { minutes }) => measureSoak(place, minutes),
}

function isFigure(word: string): word is LoadFigure {
  return word in loadFigures
}

function parse(argv: readonly string[]): { wanted: LoadFigure[]; sizes: Sizes } {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { people: text, streams: text, minutes: text },
  })
  const unknown = positionals.find((name) => !isFigure(name))
  if (unknown) throw new Problem(`There is no figure "${unknown}".\n${USAGE}`)
  const size = (name: keyof Sizes) => {
    const value = Number(values[name] ?? PROMISED[name])
    if (!Number.isInteger(value) || value < 1) throw new Problem(`--${name} is a whole number.\n${USAGE}`)
    return value
  }
  const named = positionals.filter(isFigure)
  return {
    wanted: named.length > 0 ? named : (Object.keys(figures) as LoadFigure[]),
    sizes: { people: size('people'), streams: size('streams'), minutes: size('minutes') },
  }
}

function say(line: string): void {
  process.stderr.write(`${String(Math.round(process.uptime())).padStart(3)} s  ${line}\n`)
}

/**
 * `npm run bench -- under-load`: a Twig as `npm start` runs it, with a real Redis where there is one, under sign-ins,
 * streams, hostile clients and an hour of traffic, all or what is named. Each writes bench/raw/load-*.json and bench/LOAD.md anew.
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  const { wanted, sizes } = parse(argv)
  const machine = await describeMachine()
  const workspace = mkdtempSync(join(tmpdir(), 'twig-load-'))
  // As root, Postgres runs as a user of its own and must pass through here to reach its data.
  chmodSync(workspace, 0o711)
  const ending = closing()
  ending.add(() => rmSync(workspace, { recursive: true, force: true }))
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => void ending.close().finally(() => process.exit(130)))
  }
  try {
    await ensureBuild(root, { say, signal: new AbortController().signal })
    const generator = await startLoadGenerator()
    ending.add(generator.close)
    const redis = realRedisPath ? await RealRedis.start() : undefined
    if (redis) ending.add(() => redis.stop())
    const settings: Record<string, string> = redis ? { REDIS_URL: redis.url } : {}
    const server = await startServerUnderTest(workspace, {
      ...settings,
      TRUSTED_PROXY_HOPS: '1',
      TWIG_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32',
    })
    ending.add(() => stop(server))
    const data = { ...settings, TWIG_DATA_DIR: server.dataDir }
    const limits = { read: LIMIT, write: LIMIT, execute: LIMIT, admin: LIMIT }
    const [{ key }] = await prepareOrganizations(data, { name: 'Load', limits, scopes: 'admin' })
    const place: Place = {
      url: server.url,
      pid: server.pid,
      log: server.log,
      key,
      slug: 'load',
      settings: data,
      redisKind: redis ? 'real' : 'stand-in',
      generator,
      say,
    }
    const folder = join(root, isPromised(sizes) ? 'bench' : '.cache/bench')
    for (const name of wanted) {
      const figure = await figures[name](place, sizes)
      for (const row of figure.rows) say(cells(row).filter(Boolean).join(' · '))
      writeLoadFigure(folder, name, figure, machine, new Date())
    }
    process.stdout.write(readFileSync(join(folder, 'LOAD.md')))
    return 0
  } finally {
    await ending.close()
  }
}

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { allMeters, Counter, Gauge } from '../lib/store/meters'
import { metrics } from '../lib/store/metrics'
import { root } from './configuration'
import { render, snapshot } from './metrics-text'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const dashboard = read('deploy/grafana-dashboard.json')
const alerts = read('deploy/prometheus-alerts.yml')
const docs = read('docs/watching.md')

const expressions: string[] = (
  JSON.parse(dashboard) as { panels: Array<{ targets?: Array<{ expr: string }> }> }
).panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
const rules = [...alerts.matchAll(/expr: (?:\|\n((?: {10}.*\n)+)|(.+))/g)].map(
  ([, many, one]) => many ?? one ?? '',
)
const alertNames = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '')

const METRIC = /\b(?:twig|nodejs|process)_[a-z0-9_]+/g
const namesIn = (text: string) => [...new Set([...text.matchAll(METRIC)].map(([name]) => name))].sort()

/** What /metrics tells, with a series of every meter: its names, and the labels of each. */
const exposed = new Map<string, Set<string>>()

beforeAll(async () => {
  expect(Object.keys(metrics).length).toBeGreaterThan(20)
  for (const meter of allMeters()) {
    const values = meter.definition.labels.map(() => 'x')
    if (meter instanceof Counter) meter.add(...values)
    else if (meter instanceof Gauge) meter.set(1, ...values)
    else meter.observe(1, ...values)
  }
  for (const line of (await render([await snapshot('main')])).split('\n')) {
    const [, name, labels = ''] = /^([a-z]\w*)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    if (!name) continue
    const known = exposed.get(name) ?? new Set<string>()
    for (const [, label] of labels.matchAll(/(\w+)="/g)) if (label) known.add(label)
    exposed.set(name, known)
  }
})

test('there are expressions and rules to look at', () => {
  expect(expressions.length).toBeGreaterThan(25)
  expect(rules).toHaveLength(alertNames.length)
  expect(alertNames.length).toBeGreaterThan(10)
})

test.each([
  ['the dashboard', dashboard],
  ['the alerts', alerts],
  ['the page', docs],
])('%s names only metrics that are told', (_what, text) => {
  const names = namesIn(text)
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !exposed.has(name) && !exposed.has(`${name}_bucket`))).toEqual([])
})

test('an expression names a series that there is: a histogram’s by its parts', () => {
  for (const expression of [...expressions, ...rules])
    expect(
      namesIn(expression).filter((name) => !exposed.has(name)),
      expression,
    ).toEqual([])
})

test('an expression selects and groups by labels that its metrics have', () => {
  const scraped = ['job', 'instance']
  for (const expression of [...expressions, ...rules]) {
    const own = namesIn(expression).flatMap((name) => [...(exposed.get(name) ?? [])])
    const selected = [...expression.matchAll(/[{,]\s*(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label)
    const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/,\s*/),
    )
    const unknown = [...selected, ...grouped].filter(
      (label) => !own.includes(label ?? '') && !scraped.includes(label ?? ''),
    )
    expect(unknown, expression).toEqual([])
  }
})

test('all that Twig counts of itself is on the dashboard', () => {
  const shown = namesIn(dashboard).map((name) => name.replace(/_bucket$/, ''))
  const counted = Object.values(metrics).map(({ definition }) => definition.name)
  expect(counted.filter((name) => !shown.includes(name))).toEqual([])
})

test('every alert has its section on the page, and every section an alert', () => {
  const sections = [...docs.matchAll(/^### (Twig\w+)$/gm)].map(([, name]) => name)
  expect(sections).toEqual(alertNames)
})

test('the page names the metrics of each alert in its section', () => {
  const sections = new Map(
    docs
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.split('\n', 1)[0], section.split(/^## /m, 1)[0]]),
  )
  for (const [at, name] of alertNames.entries()) {
    const missing = namesIn(rules[at] ?? '').filter(
      (metric) => !sections.get(name)?.includes(metric.replace(/_bucket$/, '')),
    )
    expect(missing, name).toEqual([])
  }
})

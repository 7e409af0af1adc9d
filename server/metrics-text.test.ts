import { expect, test } from 'vitest'
import { counter, gauge, histogram } from '../lib/store/meters'
import { type Family, render, snapshot } from './metrics-text'

test('a process tells its meters in Prometheus’s text, labelled with its name', async () => {
  counter('test_a_total', 'A.', 'way').add('b"\\\n')
  gauge('test_b', 'B.').set(2)
  const times = histogram('test_c_seconds', 'C.', [0.1, 1], 'caller')
  for (const ms of [50, 500, 5_000]) times.observe(ms, 'gate')
  const text = await render([await snapshot('main')])
  expect(text).toContain('# HELP test_a_total A.\n# TYPE test_a_total counter\n')
  expect(text).toContain('test_b{process="main"} 2\n')
  expect(text.match(/^test_c_seconds.*$/gm)).toEqual([
    'test_c_seconds_bucket{le="0.1",caller="gate",process="main"} 1',
    'test_c_seconds_bucket{le="1",caller="gate",process="main"} 2',
    'test_c_seconds_bucket{le="+Inf",caller="gate",process="main"} 3',
    'test_c_seconds_sum{caller="gate",process="main"} 5.55',
    'test_c_seconds_count{caller="gate",process="main"} 3',
  ])
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds\{process="main"\} /m)
  expect(text).toMatch(/^process_start_time_seconds\{process="main"\} /m)
})

test('of several processes each name is told once, with the series of every process beside each other', async () => {
  const family = (process: string, value: number): Family => ({
    name: 'test_d_total',
    help: 'D.',
    type: 'counter',
    values: [{ value, labels: { process } }],
  })
  const text = await render([[family('1', 3)], [], [family('2', 4)]])
  expect(text.trim().split('\n')).toEqual([
    '# HELP test_d_total D.',
    '# TYPE test_d_total counter',
    'test_d_total{process="1"} 3',
    'test_d_total{process="2"} 4',
  ])
})

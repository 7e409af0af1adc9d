import { expect, test } from 'vitest'
import { allMeters, counter, gauge, histogram } from './meters'

test('a counter counts each series for itself', () => {
  const answers = counter('test_answers_total', 'Answers.', 'route', 'status')
  answers.add('/agents', '200')
  answers.add('/agents', '200')
  answers.addMany(3, '/agents', '404')
  expect(answers.readings()).toEqual([
    { labels: ['/agents', '200'], value: 2 },
    { labels: ['/agents', '404'], value: 3 },
  ])
})

test('a gauge moves up and down, and tells nothing once nobody knows', () => {
  const waiting = gauge('test_waiting', 'Waiting.')
  waiting.move(1)
  waiting.move(1)
  waiting.move(-1)
  expect(waiting.readings()).toEqual([{ labels: [], value: 1 }])
  waiting.set(7)
  expect(waiting.readings()).toEqual([{ labels: [], value: 7 }])
  waiting.forget()
  expect(waiting.readings()).toEqual([])
})

test('a histogram puts a time into the first bucket that holds it, the bound included, and the rest into the last', () => {
  const times = histogram('test_seconds', 'Times.', [0.01, 0.1], 'caller')
  for (const ms of [1, 10, 11, 100, 101, 5_000]) times.observe(ms, 'gate')
  expect(times.readings()).toEqual([
    { labels: ['gate'], value: { counts: [2, 2, 2], sum: expect.closeTo(5.223) } },
  ])
})

test('a meter is one for the process, however often its module is loaded', () => {
  counter('test_shared_total', 'Shared.').add()
  counter('test_shared_total', 'Shared.').add()
  expect(counter('test_shared_total', 'Shared.').readings()).toEqual([{ labels: [], value: 2 }])
  expect(allMeters().filter(({ definition }) => definition.name === 'test_shared_total')).toHaveLength(1)
})

test('series of values that nobody foresaw are bounded, and what comes beyond is one series', () => {
  const wild = counter('test_wild_total', 'Wild.', 'path', 'status')
  for (let at = 0; at < 5_000; at++) wild.add(`/x/${at}`, '200')
  wild.add('/x/0', '200')
  const readings = wild.readings()
  expect(readings.length).toBeLessThanOrEqual(2_001)
  expect(readings.find(({ labels }) => labels[0] === 'other')).toEqual({
    labels: ['other', 'other'],
    value: 3_000,
  })
  expect(readings.find(({ labels }) => labels[0] === '/x/0')?.value).toBe(2)
})

import { AsyncLocalStorage } from 'node:async_hooks'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inTurns } from './turns'

function ask() {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  response.assignSocket(request.socket)
  return { request, response }
}

test('some are served in each turn of the loop, in their order, and those who come meanwhile after them', async () => {
  const served: ReturnType<typeof ask>[] = []
  const late = ask()
  const inTurn = inTurns<ReturnType<typeof ask>>(4, (asked) => {
    served.push(asked)
    if (served.length === 2) inTurn(late)
  })
  const all = Array.from({ length: 10 }, ask)
  for (const asked of all) inTurn(asked)
  const counts = [served.length]
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn()
    counts.push(served.length)
  }
  expect(counts).toEqual([0, 4, 8, 11, 11])
  expect(served).toEqual([...all, late])
})

test('whoever asks for leave to send is served at once', () => {
  const served: ReturnType<typeof ask>[] = []
  const inTurn = inTurns<ReturnType<typeof ask>>(4, (asked) => served.push(asked))
  const [first, asking] = [ask(), ask()]
  asking.request.headers.expect = '100-continue'
  for (const asked of [first, asking]) inTurn(asked)
  expect(served).toEqual([asking])
})

test('what one fails with is nobody else’s', async () => {
  const failures: unknown[] = []
  const note = (error: unknown) => failures.push(error)
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').once('uncaughtException', note)
  try {
    const served: ReturnType<typeof ask>[] = []
    const all = Array.from({ length: 6 }, ask)
    const inTurn = inTurns<ReturnType<typeof ask>>(4, (asked) => {
      if (asked === all[1]) throw new Error('boom')
      served.push(asked)
    })
    for (const asked of all) inTurn(asked)
    for (let turn = 0; turn < 4; turn++) await nextTurn()
    expect(served).toEqual(all.toSpliced(1, 1))
    expect(failures).toEqual([new Error('boom')])
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of others) process.on('uncaughtException', listener)
  }
})

test('each is served in the asynchronous context in which it came', async () => {
  const current = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  const inTurn = inTurns<ReturnType<typeof ask>>(4, () => seen.push(current.getStore()))
  for (const name of ['a', 'b', 'c']) current.run(name, () => inTurn(ask()))
  await nextTurn()
  expect(seen).toEqual(['a', 'b', 'c'])
})

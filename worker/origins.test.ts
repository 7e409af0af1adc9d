import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { closedPort } from '../lib/edge/testing/faulty-redis'
import { originsOf } from './origins'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that answers with its name, or as told. */
async function serve(name: string, answer?: RequestListener) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (answer) answer(request, response)
    else response.end(name)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () => server.closeAllConnections(),
    () => void server.close(),
  )
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const get = { method: 'GET' }
const post = { method: 'POST', body: 'x' }

test('servers are asked in turn', async () => {
  const [one, two] = [await serve('one'), await serve('two')]
  const origins = originsOf([one.url, two.url], Date.now)
  const names: string[] = []
  for (let i = 0; i < 4; i++) names.push(await (await origins.send(`/${i}`, get, true)).text())
  expect(names).toEqual(['one', 'two', 'one', 'two'])
  expect(one.asked).toEqual(['/0', '/2'])
})

test('one that cannot be reached is passed over for five seconds, and what can be sent again goes to the next', async () => {
  let nowMs = 1_000
  const two = await serve('two')
  const gone = await closedPort()
  const origins = originsOf([gone, two.url], () => nowMs)
  for (let i = 0; i < 3; i++) expect(await (await origins.send('/', get, true)).text()).toBe('two')
  // A change goes past it too, while it is known to be away.
  for (let i = 0; i < 2; i++) expect(await (await origins.send('/', post, false)).text()).toBe('two')
  nowMs += 5_000
  const sent = [0, 1].map(() =>
    origins.send('/', post, false).then(
      () => 'sent',
      () => 'failed',
    ),
  )
  expect((await Promise.all(sent)).sort()).toEqual(['failed', 'sent'])
})

test('a change that may have arrived is sent to nobody else', async () => {
  const one = await serve('one', (request) => request.socket.destroy())
  const two = await serve('two')
  await expect(originsOf([one.url, two.url], Date.now).send('/', post, false)).rejects.toThrow()
  expect([one.asked, two.asked]).toEqual([['/'], []])
})

test.each([520, 522, 530])('%i is Cloudflare’s word that it reached nobody', async (status) => {
  const one = await serve('one', (_request, response) => response.writeHead(status).end('error code'))
  const two = await serve('two')
  const origins = originsOf([one.url, two.url], Date.now)
  expect(await (await origins.send('/', get, true)).text()).toBe('two')
  await expect(originsOf([one.url], Date.now).send('/', get, true)).rejects.toThrow()
})

test.each([200, 302, 404, 500, 503])('%i is the server’s own answer, and final', async (status) => {
  const one = await serve('one', (_request, response) => response.writeHead(status).end('own'))
  const two = await serve('two')
  const origins = originsOf([one.url, two.url], Date.now)
  expect((await origins.send('/', { ...get, redirect: 'manual' }, true)).status).toBe(status)
  expect(two.asked).toEqual([])
})

test('with nobody to be reached every call is tried and fails', async () => {
  const origins = originsOf([await closedPort(), await closedPort()], Date.now)
  for (let i = 0; i < 2; i++) await expect(origins.send('/', get, true)).rejects.toThrow('no server')
})

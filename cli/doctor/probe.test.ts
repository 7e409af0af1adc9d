import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { hasOwnServer, headersAdded, isTwig, probe } from './probe'

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) server.close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

const healthy: RequestListener = (_request, response) => {
  response.setHeader('X-Request-Id', 'req_1').end('{"status":"ok"}')
}

describe('a probe', () => {
  test('tells Twig from anything else that answers', async () => {
    expect(isTwig(await probe(await serve(healthy)))).toBe(true)
    expect(isTwig(await probe(await serve((_request, response) => response.end('{"status":"ok"}'))))).toBe(
      false,
    )
    expect(isTwig(await probe(await serve((_request, response) => response.end('hello'))))).toBe(false)
  })

  test('tells why nothing answers, and never throws', async () => {
    expect(await probe('http://127.0.0.1:1')).toEqual({ kind: 'failure', code: 'ECONNREFUSED' })
    const broken = await serve((request) => request.socket.destroy())
    expect(await probe(broken)).toMatchObject({ kind: 'failure' })
  })

  test('follows no redirect', async () => {
    const origin = await serve((_request, response) =>
      response.writeHead(308, { Location: '/elsewhere' }).end(),
    )
    expect(await probe(origin)).toMatchObject({ status: 308, headers: { location: '/elsewhere' } })
  })

  test('knows server/ by its refusal of a header sent twice', async () => {
    const strict = await serve((request, response) => {
      const names = request.rawHeaders.filter((_, index) => index % 2 === 0)
      const isTwice = names.filter((name) => name.toLowerCase() === 'authorization').length > 1
      response.writeHead(isTwice ? 400 : 200).end()
    })
    expect(await hasOwnServer(strict)).toBe(true)
    expect(await hasOwnServer(await serve(healthy))).toBe(false)
  })

  test('sees what a proxy adds', async () => {
    const proxied = await serve((request, response) => {
      response.setHeader('Via', '1.1 proxy')
      healthy(request, response)
    })
    expect(headersAdded(await probe(await serve(healthy)), await probe(proxied))).toEqual(['via'])
  })
})

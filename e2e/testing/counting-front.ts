import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { passOn } from '../../lib/testing/pass-on'

/** A request as it came. */
interface Arrival {
  method: string
  path: string
  headers: Record<string, string | string[] | undefined>
  /** As far as it has come. */
  body: string
}

/** Stands before a server and writes down what comes. */
export interface CountingFront {
  url: string
  arrivals: Arrival[]
  /** The port of the server, once it is known. */
  target: number
  close(): Promise<void>
}

/** Opens one on a free loopback port. */
export async function openCountingFront(): Promise<CountingFront> {
  const arrivals: Arrival[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const arrival: Arrival = { method, path: url, headers, body: '' }
    arrivals.push(arrival)
    const text = new StringDecoder('utf8')
    request.on('data', (chunk: Buffer) => (arrival.body += text.write(chunk)))
    passOn(request, response, { port: front.target })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const front: CountingFront = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    target: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return front
}

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'

/** Something that listens where a Redis should be. */
export interface FaultyRedis {
  url: string
  /** Requests that arrived so far. */
  requests: { path: string; headers: IncomingMessage['headers']; body: string }[]
  close(): Promise<void>
}

/** Answers every request as told, after its body has arrived. */
export async function openFaultyRedis(
  answer: (response: ServerResponse, body: string) => void,
): Promise<FaultyRedis> {
  const requests: FaultyRedis['requests'] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push({ path: request.url ?? '', headers: request.headers, body })
    answer(response, body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers every request with a status and a text. */
export function openFixedRedis(
  status: number,
  text: string,
  type = 'application/json',
): Promise<FaultyRedis> {
  return openFaultyRedis((response) => response.writeHead(status, { 'content-type': type }).end(text))
}

/** An address at which nothing listens. */
export async function closedPort(): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

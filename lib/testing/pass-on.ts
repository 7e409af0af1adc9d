import {
  type Agent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'

interface Target {
  hostname?: string
  port: number | string
  /** In the place of the request's own. */
  headers?: OutgoingHttpHeaders
  agent?: Agent
}

/** Passes a request on to another server and its answer back, piece by piece; who leaves is left on the other side too. */
export function passOn(request: IncomingMessage, response: ServerResponse, target: Target): void {
  const { method, url, headers } = request
  const onward = httpRequest({ hostname: '127.0.0.1', method, path: url, headers, ...target })
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  request.pipe(onward)
}

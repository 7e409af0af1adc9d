import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const EVERY_MS = 1_000
export const MODEL = 'endless'

/** An OpenAI-compatible server whose every answer is a word a second, until its caller leaves. */
export async function startEndlessModel(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume()
    if (request.method === 'GET') {
      // A list that strangers may not read proves a key.
      response.writeHead(request.headers.authorization ? 200 : 401, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify({ object: 'list', data: [{ id: MODEL, object: 'model' }] }))
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const word = () => {
      const choices = [{ index: 0, delta: { role: 'assistant', content: 'on ' }, finish_reason: null }]
      const piece = { id: 'chat', object: 'chat.completion.chunk', created: 0, model: MODEL, choices }
      response.write(`data: ${JSON.stringify(piece)}\n\n`)
    }
    word()
    const timer = setInterval(word, EVERY_MS)
    response.once('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

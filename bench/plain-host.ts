import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'

// What bounds the load generator: a plain node:http server, and a socket that answers without reading.

const body = process.env.BENCH_BODY ?? '{}'
const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
const http = createHttpServer((_request, response) => response.writeHead(200, headers).end(body))

const raw = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
)
const socket = createServer({ noDelay: true }, (connection) => {
  connection.on('data', () => connection.write(raw))
  connection.on('error', () => connection.destroy())
})

function address(server: { address: () => AddressInfo | string | null }): string {
  const bound = server.address()
  return `http://localhost:${typeof bound === 'object' && bound ? bound.port : 0}`
}

http.listen(0, () => {
  socket.listen(0, () => process.send?.({ http: address(http), socket: address(socket) }))
})
process.on('disconnect', () => process.exit())

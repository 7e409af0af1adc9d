import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ParsedResponse, ResponseParser } from './response-parser'

const SILENCE_MS = 30_000

interface Waiting {
  resolve: (response: ParsedResponse) => void
  reject: (error: Error) => void
}

/** One kept-alive connection with at most one request under way. */
export class Connection {
  readonly #url: URL
  #socket: Socket | undefined
  #waiting: Waiting | undefined

  constructor(url: string) {
    this.#url = new URL(url)
  }

  /** Connects; rejects when nobody listens. */
  open(): Promise<void> {
    const { protocol, hostname, port } = this.#url
    const host = hostname.replace(/^\[(.*)\]$/, '$1')
    const isTls = protocol === 'https:'
    const address = { host, port: Number(port || (isTls ? 443 : 80)) }
    const socket = isTls ? connectTls({ ...address, servername: host }) : connect(address)
    this.#socket = socket
    const parser = new ResponseParser((response) => this.#answered(response))
    socket.setNoDelay(true)
    socket.setTimeout(SILENCE_MS, () => {
      if (this.#waiting) socket.destroy(new Error(`no answer within ${SILENCE_MS / 1000} seconds`))
    })
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        reject(error)
        this.#fail(error)
      }
      const parse = (work: () => void) => {
        try {
          work()
        } catch (error) {
          socket.destroy(error instanceof Error ? error : new Error(String(error)))
        }
      }
      socket.once(isTls ? 'secureConnect' : 'connect', () => resolve())
      socket.on('data', (chunk: Buffer) => parse(() => parser.push(chunk)))
      socket.once('end', () => parse(() => parser.end()))
      socket.once('error', (error) => fail(new Error(`${this.#url.origin}: ${error.message}`)))
      socket.once('close', () => fail(new Error(`${this.#url.origin}: the connection was closed`)))
    })
  }

  /** Sends a request and resolves when the whole answer is there. */
  send(request: Uint8Array): Promise<ParsedResponse> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      if (this.#socket) this.#socket.write(request)
      else this.open().then(() => this.#socket?.write(request), reject)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket?.removeAllListeners('close').destroy()
    this.#socket = undefined
  }

  #answered(response: ParsedResponse): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (!response.isReusable) this.close()
    waiting?.resolve(response)
  }

  #fail(error: Error): void {
    this.#socket = undefined
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

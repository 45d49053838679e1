/** Owns the port: Socket.IO and JSON-RPC on one address of this machine, which can go away and come back. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Server } from 'socket.io'
import type { Message } from './wire.ts'

export interface RpcCall {
  method: string
  params: Readonly<Record<string, unknown>>
}

export interface Port {
  readonly port: number
  emit(name: string, message: Message): void
  clients(): number
  /** Every client is cut off; they come back by themselves. */
  disconnect(): Promise<void>
  close(): Promise<void>
}

export interface Listening {
  /** 0: any that is free. */
  port: number
  answer(call: RpcCall): Promise<unknown>
}

const HOST = '127.0.0.1'
/** Any page of this machine may ask: what it asks is a double. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': 'POST, OPTIONS',
}

export async function listen({ port, answer }: Listening): Promise<Port> {
  const http = createServer((request, response) => void respond(request, response, answer))
  const io = new Server(http, { cors: { origin: '*' }, serveClient: false })
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, HOST, resolve)
  })
  const address = http.address()
  if (typeof address !== 'object' || address === null) throw new Error('The double has no port.')
  return {
    port: address.port,
    emit: (name, message) => void io.emit(name, message),
    clients: () => io.sockets.sockets.size,
    async disconnect() {
      const sockets = [...io.sockets.sockets.values()]
      const gone = sockets.map((socket) => new Promise((resolve) => socket.once('disconnect', resolve)))
      // As a lost line: a client told to go would not come back.
      for (const { conn } of sockets) conn.close()
      await Promise.all(gone)
    },
    async close() {
      const closed = io.close()
      // Those waiting for another request would hold the port.
      http.closeAllConnections()
      await closed
    },
  }
}

export const addressOf = (port: number): string => `http://${HOST}:${port}`

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Listening['answer'],
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(request.method === 'OPTIONS' ? 204 : 404, CORS).end()
    return
  }
  const { id, call } = await read(request)
  const body =
    call === null
      ? { error: { code: -32_600, message: 'invalid request' } }
      : await answer(call).then(
          (result) => ({ result }),
          (error: unknown) => ({ error: errorOf(error) }),
        )
  response.writeHead(200, { ...CORS, 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
}

export class UnknownMethodError extends Error {}

function errorOf(error: unknown): { code: number; message: string } {
  const code = error instanceof UnknownMethodError ? -32_601 : -32_000
  return { code, message: error instanceof Error ? error.message : String(error) }
}

async function read(request: IncomingMessage): Promise<{ id: unknown; call: RpcCall | null }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      id?: unknown
      method?: unknown
      params?: RpcCall['params'] | null
    }
    const { id = null, method, params } = body
    return { id, call: typeof method === 'string' ? { method, params: params ?? {} } : null }
  } catch {
    return { id: null, call: null }
  }
}

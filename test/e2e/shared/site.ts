/** Owns the host of the tabs: their page, and a core behind it that tells its history to whoever connects. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { build } from 'vite'
import type { RunCommand } from '../../../src/index.ts'
import { sharedCore } from '../../../src/testing/sharedCore.ts'
import type { SharedCore } from '../../../src/testing/sharedCore.ts'

const repo = join(import.meta.dirname, '../../..')
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }

export interface Site {
  url: string
  core(): SharedCore
  /** A core without a history. */
  reset(): void
  close(): Promise<void>
}

export async function openSite(): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'run-ledger-tabs-'))
  await build({
    configFile: join(repo, 'vite.config.ts'),
    mode: 'production',
    root: import.meta.dirname,
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, target: 'esnext' },
  })
  let core = sharedCore()
  const server = createServer((request, response) => {
    void answer(core, outDir, request, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    core: () => core,
    reset() {
      core = sharedCore()
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

async function answer(
  core: SharedCore,
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here')
  if (pathname === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
    const hangUp = core.source().connect({
      receive: (_stream, events) => void response.write(`data: ${JSON.stringify(events)}\n\n`),
      position: async () => Number(searchParams.get('after')),
      status: () => {},
      durable: async () => {},
      record: async () => null,
      read: async () => null,
    })
    request.on('close', hangUp)
  } else if (pathname === '/command') {
    let body = ''
    for await (const part of request) body += String(part)
    await core.source().send(JSON.parse(body) as RunCommand)
    response.writeHead(204).end()
  } else if (pathname === '/blank') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>blank</title>')
  } else {
    const path = pathname === '/' ? '/index.html' : pathname
    const file = await readFile(join(folder, path))
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(file)
  }
}

/**
 * Owns the world outside the page: it serves the page, gives out nonces, and counts every call, where no page that
 * dies can lose or invent one.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'vite'

const repo = join(import.meta.dirname, '../..')
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
/** A call takes this long at least, and up to `SPREAD_MS` more, by its number: a run lasts long enough to be killed. */
const FASTEST_MS = 40
const SPREAD_MS = 60

export interface Call {
  run: string
  step: string
  item: string
  nonce: string
  failed: boolean
  /** Names the life of the page that made it: a call of the one before may arrive when the next has begun. */
  life: string
}

export interface Host {
  url: string
  /** Calls that came from runs whose id begins so, in order. */
  calls(prefix: string): readonly Call[]
  /** The first `times` searches for each of the items fail, each counted by itself. */
  failing(workflowRunId: string, items: readonly string[], times: number): void
  close(): Promise<void>
}

interface Failing {
  items: readonly string[]
  times: number
}

export async function serveHost(): Promise<Host> {
  const outDir = await mkdtemp(join(tmpdir(), 'run-ledger-resume-page-'))
  await build({
    configFile: join(repo, 'vite.config.ts'),
    mode: 'production',
    root: join(import.meta.dirname, 'page'),
    logLevel: 'error',
    // Also under a test runner, which sets another.
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { outDir, emptyOutDir: true, target: 'esnext' },
  })
  const calls: Call[] = []
  const failing = new Map<string, Failing>()

  /** Counted before anything can go wrong with the answer. */
  function count(query: URLSearchParams): Call {
    const of = (name: string): string => query.get(name) ?? ''
    const [run, step, item] = [of('run'), of('step'), of('item')]
    const workflow = run.split('.')[0] ?? ''
    const rule = failing.get(workflow)
    const before = calls.filter((each) => each.run === run && each.step === step).length
    const failed = rule !== undefined && step === 'search' && rule.items.includes(item) && before < rule.times
    const call = { run, step, item, nonce: `n${calls.length + 1}`, failed, life: of('life') }
    calls.push(call)
    return call
  }

  async function work(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const call = count(query)
    await sleep(FASTEST_MS + ((calls.length * 7) % SPREAD_MS))
    if (call.failed) response.writeHead(503).end(`no word on ${call.item}`)
    else answer(response, JSON.stringify({ nonce: call.nonce, finding: `${call.item} is a tree` }), '.json')
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://here')
    const path = pathname === '/' ? '/index.html' : pathname
    const done =
      pathname === '/work'
        ? work(searchParams, response)
        : readFile(join(outDir, path)).then((file) => answer(response, file, extname(path)))
    done.catch(() => response.writeHead(404).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    calls: (prefix) => calls.filter(({ run }) => run.startsWith(prefix)),
    failing: (workflowRunId, items, times) => void failing.set(workflowRunId, { items, times }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

function answer(response: ServerResponse, body: string | Buffer, extension: string): void {
  response.writeHead(200, { 'content-type': TYPES[extension] ?? 'text/plain' }).end(body)
}

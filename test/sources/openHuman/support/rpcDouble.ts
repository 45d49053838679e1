/**
 * Owns a core's RPCs for tests: JSON-RPC over real HTTP, rows in memory, pages and orders as the core has them, and a
 * record of what was called. It decides nothing: what its verbs answer is said by the test.
 */
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Row = Readonly<Record<string, unknown>> & { id: string; updatedAt: string }

export interface Call {
  method: string
  params: Readonly<Record<string, unknown>>
}

export interface RpcDouble {
  url: string
  runs: Row[]
  workflows: Row[]
  definitions: unknown[]
  teams: unknown[]
  events: Record<string, object[]>
  /** Answers of verbs, by method; a function gets the parameters. Throwing is refusing. */
  answers: Record<string, (params: Call['params']) => unknown>
  calls: Call[]
  /** How results are wrapped. */
  envelope: (result: unknown) => unknown
  /** Runs before an answer leaves; `break` ends the line instead. */
  before: (call: Call) => unknown
  named(method: string): Call[]
  close(): Promise<void>
}

export async function rpcDouble(): Promise<RpcDouble> {
  const server = createServer((request, response) => {
    void read(request).then(async (body) => {
      const { id, method, params } = JSON.parse(body) as Call & { id: number }
      const call = { method: method.replace('openhuman.', ''), params }
      core.calls.push(call)
      const answer = await answered(call)
      if ((await core.before(call)) === 'break') {
        request.socket.destroy()
        return
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  async function answered(call: Call): Promise<object> {
    try {
      return { result: core.envelope(resultOf(call)) }
    } catch (error) {
      return {
        error: { code: (error as { code?: number }).code ?? -32000, message: (error as Error).message },
      }
    }
  }

  function resultOf({ method, params }: Call): unknown {
    const answer = core.answers[method]
    if (answer !== undefined) return answer(params)
    const find = (rows: readonly Row[]) => rows.find(({ id }) => id === params['id']) ?? null
    switch (method) {
      case 'run_ledger_list': {
        const fits = (row: Row): boolean =>
          ['parentRunId', 'parentThreadId', 'status', 'kind'].every(
            (name) => params[name] === undefined || row[name] === params[name],
          )
        return page(core.runs.filter(fits), params)
      }
      case 'run_ledger_get':
        return { run: find(core.runs) }
      case 'run_ledger_events': {
        const after = Number(params['afterSequence'] ?? 0)
        const limit = Math.min(Number(params['limit'] ?? 100), 1_000)
        const all = core.events[String(params['runId'])] ?? []
        const events = all.filter((each) => (each as { sequence: number }).sequence > after).slice(0, limit)
        return { events, count: events.length }
      }
      case 'workflow_run_list':
        return page(core.workflows, params)
      case 'workflow_run_get':
        return { workflowRun: find(core.workflows) }
      case 'workflow_run_list_definitions':
        return { definitions: core.definitions, count: core.definitions.length }
      case 'agent_team_list':
        return { teams: core.teams, count: core.teams.length }
      default:
        throw Object.assign(new Error(`unknown method: ${method}`), { code: -32601 })
    }
  }

  const core: RpcDouble = {
    url: `http://127.0.0.1:${port}/rpc`,
    runs: [],
    workflows: [],
    definitions: [],
    teams: [],
    events: {},
    answers: {},
    calls: [],
    envelope: (result) => result,
    before: () => {},
    named: (method) => core.calls.filter((call) => call.method === method),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
  return core
}

/** Latest written first; `count` is of all. */
function page(rows: readonly Row[], params: Call['params']): object {
  const limit = Math.min(Number(params['limit'] ?? 50), 500)
  const offset = Number(params['offset'] ?? 0)
  const ordered = rows.toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))
  return { runs: ordered.slice(offset, offset + limit), count: rows.length }
}

async function read(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

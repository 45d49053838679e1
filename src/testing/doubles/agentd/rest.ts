/** Owns the REST calls of the double: lists in pages, the end of an agent, messages, decisions about tools. */
import type { IncomingMessage } from 'node:http'
import { stamp } from './history.ts'
import type { AgentRow, ApprovalRow } from './history.ts'
import { now } from '../time.ts'

export interface Sent {
  method: string
  path: string
  body: unknown
}

interface World {
  agents: Map<string, AgentRow>
  approvals: Map<string, ApprovalRow>
  sent: Sent[]
  append(agentId: string, type: string, content: string | null): number
}

interface Answer {
  status: number
  body: unknown
}

const NOT_FOUND: Answer = { status: 404, body: { error: 'not found' } }

export async function answerRest(request: IncomingMessage, world: World): Promise<Answer> {
  const { method = 'GET' } = request
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agentd')
  if (method === 'OPTIONS') return { status: 204, body: null }
  const [what, id, verb] = pathname.split('/').slice(1).map(decodeURIComponent)
  if (method === 'GET') {
    if (what === 'agents') return page([...world.agents.values()], searchParams)
    if (what === 'approvals') return page([...world.approvals.values()], searchParams)
    return NOT_FOUND
  }
  const body = await readBody(request)
  world.sent.push({ method, path: pathname, body })
  const agent = world.agents.get(id ?? '')
  const approval = world.approvals.get(id ?? '')
  if (what === 'agents' && agent !== undefined && method === 'DELETE') {
    // Ending an agent removes its row.
    world.agents.delete(agent.id)
    return { status: 200, body: { ...agent, status: 'stopped', updated_at: stamp(now()) } }
  }
  if (what === 'agents' && agent !== undefined && verb === 'message') {
    if (agent.status !== 'running') {
      return { status: 409, body: { error: `Agent ${agent.id} is not running (status: ${agent.status})` } }
    }
    world.append(agent.id, 'prompt_sent', String((body as { content?: unknown } | null)?.content))
    world.append(agent.id, 'activity_changed', 'busy')
    return { status: 200, body: { status: 'sent', agent_id: agent.id } }
  }
  if (what === 'approvals' && approval !== undefined && (verb === 'approve' || verb === 'deny')) {
    if (approval.status !== 'pending') return { status: 400, body: { error: 'already resolved' } }
    approval.status = verb === 'approve' ? 'approved' : 'denied'
    return { status: 200, body: approval }
  }
  return NOT_FOUND
}

function page(rows: readonly unknown[], query: URLSearchParams): Answer {
  const limit = Math.min(Number(query.get('limit') ?? 50), 200)
  const offset = Number(query.get('offset') ?? 0)
  return {
    status: 200,
    body: { items: rows.slice(offset, offset + limit), total: rows.length, limit, offset },
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    return null
  }
}

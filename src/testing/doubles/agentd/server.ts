/**
 * Owns a double of agentd's orchestrator: `GET /v2/stream/{agent_id}` and the REST calls a page makes, over a history in
 * memory. Switches break the wire in the ways it breaks.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { after, now } from '../time.ts'
import { stamp, toWire } from './history.ts'
import type { AgentRow, ApprovalRow, ConversationEvent } from './history.ts'
import { answerRest } from './rest.ts'
import type { Sent } from './rest.ts'

export interface AgentdSwitches {
  /** Cuts every connection after that many frames. */
  dieAtFrame: number | null
  /** Milliseconds between two frames. */
  slow: number
  /** Sends every event frame twice. */
  duplicate: boolean
  /** Drops the next live events, and says so with a `gap` frame or not at all. */
  skipLive: { count: number; silently: boolean } | null
  /** REST answers with an error. */
  refuse: boolean
}

export interface AgentdDouble {
  url: string
  agents: Map<string, AgentRow>
  approvals: Map<string, ApprovalRow>
  switches: AgentdSwitches
  /** REST calls that wanted something changed. */
  sent: readonly Sent[]
  /** What clients subscribed with, in order. */
  subscribed: readonly { agentId: string; since: number }[]
  /** How often a list was asked for. */
  listed(): number
  history(agentId: string): readonly ConversationEvent[]
  append(agentId: string, type: string, content: string | null, metadata?: object): number
  /** Forgets an agent's conversation; its numbers begin anew. */
  forget(agentId: string): void
  connections(): number
  close(): Promise<void>
}

interface Client {
  socket: WebSocket
  /** Frames go out one after the other, however slow. */
  queue: Promise<void>
  frames: number
  last: number
}

export async function createAgentdDouble(port = 0): Promise<AgentdDouble> {
  const agents = new Map<string, AgentRow>()
  const approvals = new Map<string, ApprovalRow>()
  const histories = new Map<string, ConversationEvent[]>()
  const live = new Map<string, Set<Client>>()
  const sent: Sent[] = []
  let listed = 0
  const subscribed: { agentId: string; since: number }[] = []
  const switches: AgentdSwitches = {
    dieAtFrame: null,
    slow: 0,
    duplicate: false,
    skipLive: null,
    refuse: false,
  }
  const historyOf = (agentId: string): ConversationEvent[] => {
    const known = histories.get(agentId) ?? []
    histories.set(agentId, known)
    return known
  }

  const http = createServer((request, response) => void answer(request, response))
  const sockets = new WebSocketServer({ noServer: true })

  http.on('upgrade', (request, socket, head) => {
    const [, encoded] = /^\/v2\/stream\/([^/?]+)/.exec(request.url ?? '') ?? []
    if (encoded === undefined) socket.destroy()
    else sockets.handleUpgrade(request, socket, head, (ws) => welcome(ws, decodeURIComponent(encoded)))
  })

  function welcome(socket: WebSocket, agentId: string): void {
    const client: Client = { socket, queue: Promise.resolve(), frames: 0, last: 0 }
    socket.on('error', () => {})
    socket.on('close', () => live.get(agentId)?.delete(client))
    socket.once('message', (data) => subscribe(client, agentId, String(data)))
  }

  function subscribe(client: Client, agentId: string, text: string): void {
    const { since_seq: asked = 0 } = JSON.parse(text) as { since_seq?: number }
    const since = Math.max(0, asked)
    subscribed.push({ agentId, since })
    const events = historyOf(agentId)
    const cursor = events.at(-1)?.seq ?? 0
    say(client, { frame: 'snapshot_begin', cursor, agent_id: agentId })
    for (const event of events) if (event.seq > since && event.seq <= cursor) sayEvent(client, event)
    client.last = Math.max(since, cursor)
    say(client, { frame: 'snapshot_end', seq: client.last })
    const clients = live.get(agentId) ?? new Set()
    live.set(agentId, clients.add(client))
  }

  function sayEvent(client: Client, event: ConversationEvent): void {
    say(client, toWire(event))
    if (switches.duplicate) say(client, toWire(event))
  }

  function say(client: Client, frame: object): void {
    client.queue = client.queue.then(async () => {
      if (switches.slow > 0) await after(switches.slow)
      if (client.frames === switches.dieAtFrame) client.socket.terminate()
      client.frames += 1
      client.socket.send(JSON.stringify(frame), () => {})
    })
  }

  function publish(event: ConversationEvent): void {
    for (const client of live.get(event.agent_id) ?? []) {
      const skip = switches.skipLive
      if (skip !== null) {
        switches.skipLive = skip.count > 1 ? { ...skip, count: skip.count - 1 } : null
        if (!skip.silently)
          say(client, { frame: 'gap', skipped: 1, reason: 'broadcast_lagged', since_seq: client.last })
        continue
      }
      if (event.seq <= client.last) continue
      client.last = event.seq
      sayEvent(client, event)
    }
  }

  function append(agentId: string, type: string, content: string | null, metadata?: object): number {
    const events = historyOf(agentId)
    const event: ConversationEvent = {
      agent_id: agentId,
      seq: (events.at(-1)?.seq ?? 0) + 1,
      event_type: type,
      session_number: 0,
      content,
      metadata: metadata === undefined ? null : { ...metadata },
      created_at: stamp(now()),
    }
    events.push(event)
    publish(event)
    return event.seq
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') listed += 1
    const { status, body } = switches.refuse
      ? { status: 500, body: { error: 'database is locked' } }
      : await answerRest(request, { agents, approvals, sent, append })
    response.writeHead(status, {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'access-control-allow-methods': '*',
      'access-control-allow-headers': '*',
    })
    response.end(JSON.stringify(body))
  }

  await new Promise<void>((resolve) => void http.listen(port, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`

  return {
    url,
    agents,
    approvals,
    switches,
    sent,
    subscribed,
    listed: () => listed,
    history: historyOf,
    append,
    forget: (agentId) => void histories.delete(agentId),
    connections: () => sockets.clients.size,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      http.closeAllConnections()
      await new Promise<void>((resolve) => void http.close(() => resolve()))
    },
  }
}

/**
 * Owns agentd's REST API as `agentdSource` needs it: all rows of its paged lists, its commands, and the address of an
 * agent's stream. Hosts with a client of their own hand over the same functions.
 */
import type { AgentdCall, AgentdSend } from './send.ts'
import { isCount, isFields } from './wire.ts'

export interface AgentdRestOptions {
  /** As `http://127.0.0.1:7006`. */
  url: string
  headers?: Readonly<Record<string, string>>
  fetch?: typeof globalThis.fetch
}

export interface AgentdRest {
  connect(agentId: string): string
  list(): Promise<readonly unknown[]>
  approvals(): Promise<readonly unknown[]>
  send: AgentdSend
}

const PAGE = 100

export function agentdRest({ url, headers = {}, fetch = globalThis.fetch }: AgentdRestOptions): AgentdRest {
  const base = url.replace(/\/+$/, '')

  /** Every row, or none: half a list would make the other half look gone. */
  async function all(path: string): Promise<readonly unknown[]> {
    const found: unknown[] = []
    for (;;) {
      const response = await fetch(`${base}${path}?limit=${PAGE}&offset=${found.length}`, { headers })
      if (!response.ok) throw new Error(`agentd answered with status ${response.status}.`)
      const body: unknown = await response.json()
      if (Array.isArray(body)) return body
      const items: unknown = isFields(body) ? body['items'] : null
      if (!isFields(body) || !Array.isArray(items))
        throw new Error('agentd answered with something else than a list.')
      found.push(...items)
      const total = isCount(body['total']) ? body['total'] : 0
      if (found.length >= total) return found
      if (items.length === 0) throw new Error(`agentd listed ${found.length} of ${total} rows.`)
    }
  }

  return {
    connect: (agentId) => `${base.replace(/^http/, 'ws')}/v2/stream/${encodeURIComponent(agentId)}`,
    list: () => all('/agents'),
    approvals: () => all('/approvals'),
    async send({ method, path, body }: AgentdCall) {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: (await response.json().catch(() => null)) as unknown }
    },
  }
}

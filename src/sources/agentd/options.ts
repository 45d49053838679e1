/** Owns what a host says to connect an agentd. */
import type { Clock } from '../../core/ports.ts'
import type { AgentdSend } from './send.ts'
import type { WebSocketLike } from './stream.ts'

export interface AgentdOptions {
  id?: string
  /** What all pages share that connect to the same agentd; one of them does at a time. Default: `agentd`. */
  instance?: string
  /** The agent's conversation stream: a socket that is being opened, or its address. */
  connect: (agentId: string) => WebSocketLike | string
  /** All rows of `GET /agents`, the ended ones included. Rejects when not all of them could be read. */
  list?: () => Promise<readonly unknown[]>
  /** Agents to follow where there is no list; whether they live is not known then. */
  agents?: readonly string[]
  /** All rows of `GET /approvals`. */
  approvals?: () => Promise<readonly unknown[]>
  /** Without it, nothing can be asked of agentd. */
  send?: AgentdSend
  clock?: Clock
  /** Milliseconds between two readings of the lists. */
  listEvery?: number
  /** Milliseconds before each next attempt to connect; the last one repeats. */
  backoff?: readonly number[]
}

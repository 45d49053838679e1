/**
 * Owns what the core asks of the outside world. Everything that waits, names, locks or talks is handed in,
 * so that a restart is a unit test.
 */
import type { Json } from './entities.ts'
import type { CommandVerb, RunCommand } from './commands.ts'
import type { StreamInfo } from './events.ts'
import type { LogId } from './ids.ts'

export interface Clock {
  /** Epoch milliseconds, for people. Never used for order. */
  now(): number
  /** Milliseconds that never run backwards, for waiting. */
  monotonic(): number
  setTimeout(callback: () => void, ms: number): () => void
}

export interface Ids {
  next(): string
}

/** Whole texts that events refer to: documents, prompts, tool traffic. */
export interface ContentStore {
  put(ref: string, text: string): Promise<void>
  /** Null when nothing is kept under the reference: shown as missing, never as empty. */
  get(ref: string): Promise<string | null>
  delete(ref: string): Promise<void>
}

export type ContentReader = Pick<ContentStore, 'get'>

/** Named locks that end with their holder. `held` answers for every tab and worker of the origin. */
export interface Locks {
  /** Holds the lock until the returned function is called or the holder dies. */
  hold(name: string): Promise<() => void>
  /** Names of all locks held by anyone; null when that cannot be known. */
  held(): Promise<ReadonlySet<string> | null>
}

/** What an owner says about a run we know. */
export type Evidence =
  | { kind: 'live' }
  /** It ended, or its owner did. `exitCode` when the owner left one. */
  | { kind: 'gone'; exitCode: number | null }
  /** The owner cannot tell, or is not ours to ask. */
  | { kind: 'unknown' }

export interface RunQuery {
  log: LogId
  /** The stream that opened the current attempt. */
  stream: string | null
}

export interface SourceSink {
  /** Hands over events of one stream, in the order they arrived. Undecodable ones are quarantined. */
  receive(stream: StreamInfo, events: readonly unknown[]): void
  /** The connection changed; `error` says why it is down. */
  status(status: SourceStatus): void
  /** A stored text by its reference, for owners that work on documents kept here; null when it is missing. */
  read(ref: string): Promise<string | null>
}

export interface SourceStatus {
  state: 'connecting' | 'connected' | 'disconnected'
  error: string | null
}

export type Delivery = { kind: 'delivered' } | { kind: 'rejected'; reason: string }

/** An orchestrator's events, its word on what is live, and a way to send it commands. */
export interface Source {
  id: string
  /** Verbs this source can carry out, and which of them may safely be sent twice. */
  verbs: readonly { verb: CommandVerb; idempotent: boolean }[]
  connect(sink: SourceSink): () => void
  /** Rejects when the owner cannot be reached; that changes nothing for anyone. */
  ask(runs: readonly RunQuery[]): Promise<ReadonlyMap<LogId, Evidence>>
  /** Rejects when the delivery's outcome is unknown. */
  send(command: RunCommand): Promise<Delivery>
}

/** What a person wants an orchestrator to do; `log` is chosen by the caller for `start`. */
export interface CommandRequest {
  log: LogId
  verb: CommandVerb
  payload: Json
}

/**
 * Owns what the core asks of the outside world. Everything that waits, names, locks or talks is handed in,
 * so that a restart is a unit test.
 */
import type { Json, LogRecord } from './entities.ts'
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
  /** Every reference that something is kept under. */
  keys(): Promise<readonly string[]>
}

export type ContentReader = Pick<ContentStore, 'get'>

export interface LockRequest {
  /** Takes the lock from whoever holds it, at once. */
  steal?: boolean
  /** Ends the wait: the request rejects. Not together with `steal`. */
  signal?: AbortSignal
  /** Another page took the lock by force; it is no longer ours. */
  onLost?: () => void
}

/** Named locks that end with their holder. `held` answers for every tab and worker of the origin. */
export interface Locks {
  /** Holds the lock until the returned function is called, the holder dies, or someone steals it. */
  hold(name: string, request?: LockRequest): Promise<() => void>
  /** Names of all locks held by anyone; null when that cannot be known. */
  held(): Promise<ReadonlySet<string> | null>
}

/**
 * Short texts of the origin that are kept when the call returns, as nothing else in a browser is. Not for what has to
 * outlive a crash: one may take seconds to reach the disk.
 */
export interface SyncStore {
  /** Does nothing where there is no such place, or no room. */
  put(key: string, text: string): void
  /** All texts whose key begins so. */
  list(prefix: string): ReadonlyMap<string, string>
  delete(key: string): void
}

/** A line to the other pages of the origin: what is said on it may get lost and proves nothing. */
export interface Channel {
  /** `message`: plain JSON. */
  post(message: unknown): void
  close(): void
}

/** Opens the line of that name; `hear` gets what others say, from code of any version. */
export type Channels = (name: string, hear: (message: unknown) => void) => Channel

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
  /** The stream's last position that is durable or about to be, after which a replay begins; null for one never seen. */
  position(stream: string): Promise<number | null>
  /**
   * Resolves when the stream's events up to that position are durable in every copy there is, for owners that must not
   * act before it is known that they do. Rejects when they cannot be written.
   */
  durable(stream: string, position: number): Promise<void>
  /** What the ledger knows of a run, for sources that hold lists against it; null when it knows nothing. */
  record(log: LogId): Promise<LogRecord | null>
  /** A stored text by its reference, for owners that work on documents kept here; null when it is missing. */
  read(ref: string): Promise<string | null>
}

export interface SourceStatus {
  /** `elsewhere`: another tab is connected, and this one follows what it writes. */
  state: 'connecting' | 'connected' | 'disconnected' | 'elsewhere'
  error: string | null
}

export type Delivery =
  | { kind: 'delivered' }
  | { kind: 'rejected'; reason: string }
  /** The owner does not know the run: whatever it was, it is not driven any more. */
  | { kind: 'unknownRun'; reason: string }

/** What an orchestrator could run now: fingerprints (`fingerprintOf`) and names of its agents, by id. */
export type AgentCatalog = ReadonlyMap<string, { name: string; fingerprint: string }>

/** An orchestrator's events, its word on what is live, and a way to send it commands. */
export interface Source {
  id: string
  /**
   * What all pages that name it share, as one socket to one core: connected in one page at a time, followed
   * by the others. Absent: this page's own, as an orchestrator in its worker.
   */
  instance?: string
  /** Verbs this source can carry out, and which of them may safely be sent twice. */
  verbs: readonly { verb: CommandVerb; idempotent: boolean }[]
  /** Why it cannot carry out others, in a sentence for the person who would ask. */
  cannot?: Readonly<Partial<Record<CommandVerb, string>>>
  connect(sink: SourceSink): () => void
  /** Rejects when the owner cannot be reached; that changes nothing for anyone. */
  ask(runs: readonly RunQuery[]): Promise<ReadonlyMap<LogId, Evidence>>
  /** Rejects when the delivery's outcome is unknown. */
  send(command: RunCommand): Promise<Delivery>
  /** Only of a source whose workflow runs can be resumed by a plan. Rejects when it cannot be reached. */
  catalog?(): Promise<AgentCatalog>
}

/** What a person wants an orchestrator to do; `log` is chosen by the caller for `start`. */
export interface CommandRequest {
  log: LogId
  verb: CommandVerb
  payload: Json
}

/**
 * Owns what a page and its orchestrator say to each other over a port. Both sides check every message: a
 * worker may be older than its page, and others may talk on the same port.
 */
import { z } from 'zod'
import type { Json } from '../core/entities.ts'
import { COMMAND_STATES, COMMAND_VERBS } from '../core/commands.ts'
import type { RunCommand } from '../core/commands.ts'
import type { LogId } from '../core/ids.ts'
import { isUsableId } from '../core/ids.ts'
import type { Delivery } from '../core/ports.ts'

/** Raised when a message changes its meaning. */
export const PROTOCOL_VERSION = 2

/** What a MessagePort, a Worker and a worker's own scope have in common, in browsers and in Node. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  addEventListener(type: string, listener: (event: PortEvent) => void): void
  removeEventListener(type: string, listener: (event: PortEvent) => void): void
  /** Ports hold messages until they are started; workers have no such method. */
  start?(): void
  close?(): void
  terminate?(): void
}

/** Messages have data, errors a message. */
export interface PortEvent {
  readonly data?: unknown
  readonly message?: string
}

const log = z.custom<LogId>(
  (value) => typeof value === 'string' && /^[rw]:/.test(value) && isUsableId(value.slice(2)),
  'not a log id',
)
const requestId = z.number().int().nonnegative()
const envelope = { runLedger: z.literal(PROTOCOL_VERSION) }

const command: z.ZodType<RunCommand> = z.object({
  id: z.string().refine(isUsableId, 'not a usable id'),
  log,
  verb: z.enum(COMMAND_VERBS),
  payload: z.custom<Json>((value) => value !== undefined),
  idempotencyKey: z.string().min(1),
  attempt: z.number(),
  sender: z.string(),
  state: z.enum(COMMAND_STATES),
  createdAt: z.number(),
  expiresAt: z.number(),
  settledAt: z.number().nullable(),
  detail: z.string().nullable(),
})
const delivery: z.ZodType<Delivery> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delivered') }),
  z.object({ kind: z.literal('rejected'), reason: z.string() }),
  z.object({ kind: z.literal('unknownRun'), reason: z.string() }),
])
const agent = z.object({ id: z.string(), name: z.string(), fingerprint: z.string() })

const toWorker = z.discriminatedUnion('kind', [
  z.object({ ...envelope, kind: z.literal('command'), requestId, command }),
  z.object({ ...envelope, kind: z.literal('ask'), requestId, logs: z.array(log) }),
  z.object({ ...envelope, kind: z.literal('pace'), ms: z.number() }),
  /** Answers `read`. `error` when it could not be looked up; null text when it is missing. */
  z.object({
    ...envelope,
    kind: z.literal('text'),
    readId: requestId,
    text: z.string().nullable(),
    error: z.string().nullable(),
  }),
  /** Answers `keep`. `error` when it cannot be written. */
  z.object({ ...envelope, kind: z.literal('durable'), keepId: requestId, error: z.string().nullable() }),
  z.object({ ...envelope, kind: z.literal('dispose') }),
])

const toPage = z.discriminatedUnion('kind', [
  z.object({ ...envelope, kind: z.literal('hello'), epoch: z.string().min(1), agents: z.array(agent) }),
  /** Their content is the ledger's to judge. */
  z.object({ ...envelope, kind: z.literal('events'), events: z.array(z.unknown()) }),
  z.object({ ...envelope, kind: z.literal('delivery'), requestId, delivery }),
  z.object({ ...envelope, kind: z.literal('live'), requestId, live: z.array(log) }),
  /** An agent wants a text that the page keeps, on disk or, where the browser refuses that, in memory. */
  z.object({ ...envelope, kind: z.literal('read'), readId: requestId, ref: z.string() }),
  /** It goes on when its events up to this position are durable. */
  z.object({ ...envelope, kind: z.literal('keep'), keepId: requestId, position: requestId }),
  /** A request that could not be carried out; without its number, the orchestrator itself could not start. */
  z.object({ ...envelope, kind: z.literal('failed'), requestId: requestId.nullable(), message: z.string() }),
])

type Unversioned<Message> = Message extends { runLedger: number } ? Omit<Message, 'runLedger'> : never
export type ToWorker = Unversioned<z.infer<typeof toWorker>>
export type ToPage = Unversioned<z.infer<typeof toPage>>

export type Read<Message> =
  | { kind: 'message'; message: Message }
  /** Somebody else's: none of our business. */
  | { kind: 'foreign' }
  | { kind: 'bad'; reason: string; requestId: number | null }

export const readToWorker = (data: unknown): Read<ToWorker> => read(toWorker, data)
export const readToPage = (data: unknown): Read<ToPage> => read(toPage, data)

export function post(port: MessagePortLike, message: ToWorker | ToPage): void {
  port.postMessage({ runLedger: PROTOCOL_VERSION, ...message })
}

function read<Message>(schema: z.ZodType<Message>, data: unknown): Read<Message> {
  if (typeof data !== 'object' || data === null || !('runLedger' in data)) return { kind: 'foreign' }
  const parsed = schema.safeParse(data)
  if (parsed.success) return { kind: 'message', message: parsed.data }
  const number = 'requestId' in data && typeof data.requestId === 'number' ? data.requestId : null
  if (data.runLedger !== PROTOCOL_VERSION) {
    const reason = `a message of protocol version ${String(data.runLedger)}, this is version ${PROTOCOL_VERSION}`
    return { kind: 'bad', reason, requestId: number }
  }
  const [issue] = parsed.error.issues
  const where = issue === undefined ? '' : `${issue.path.join('.')} ${issue.message}`.trim()
  return { kind: 'bad', reason: `a message that cannot be read: ${where}`, requestId: number }
}

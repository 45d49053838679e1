/**
 * Owns what a person can ask of a run, and how far such a request got. Durable before it is sent. SPEC O1.
 */
import type { Json } from './entities.ts'
import type { LogId } from './ids.ts'

export const COMMAND_VERBS = ['start', 'stop', 'pause', 'resume', 'retry', 'answer', 'follow_up'] as const
export type CommandVerb = (typeof COMMAND_VERBS)[number]

export const COMMAND_STATES = [
  'queued',
  'sending',
  'delivered',
  'applied',
  'rejected',
  'expired',
  'unknown',
] as const
export type CommandState = (typeof COMMAND_STATES)[number]

export interface RunCommand {
  id: string
  /** The run it is about; for `start`, the run that will be. */
  log: LogId
  verb: CommandVerb
  payload: Json
  /** The same key twice has one effect. */
  idempotencyKey: string
  attempt: number
  /** The page that sends it; others leave it alone while that page is alive. */
  sender: string
  state: CommandState
  createdAt: number
  expiresAt: number
  settledAt: number | null
  /** Why it was refused, or what is not known about it. */
  detail: string | null
}

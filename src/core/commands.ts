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
  /** Parts of the payload looked like secrets and were never stored: it cannot be sent again. */
  withheld?: true
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

const UNDER_WAY: readonly CommandState[] = ['queued', 'sending', 'delivered']

/** How far a command got; of two tellings of one command the one that got further is the later. */
export function progressOf({ state }: RunCommand): number {
  const index = UNDER_WAY.indexOf(state)
  return index === -1 ? UNDER_WAY.length : index
}

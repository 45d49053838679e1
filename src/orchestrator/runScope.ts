/**
 * Owns what the parts of one agent run share: its log, its signal, its pace.
 */
import { orAborted } from './abort.ts'
import type { Emitter } from './emitter.ts'
import type { LogId } from '../core/ids.ts'
import type { Clock } from '../core/ports.ts'
import type { Gate } from './gate.ts'
import type { History, Told } from './history.ts'

export interface RunScope {
  runId: string
  log: LogId
  emitter: Emitter
  clock: Clock
  /** Aborted when the run is settled, however it was. */
  signal: AbortSignal
  iteration(): number
  history: History
  /** Shut while the run is paused. */
  gate: Gate
  /** Resolves when the next step may begin: what was said is out, the pace is kept, it is not paused. Rejects when aborted. */
  ready(): Promise<void>
  /** Resolves when everything told so far is on the disk. Rejects when it cannot be written. */
  durable(): Promise<void>
  /** The history has grown; `isKept`: by what must not be lost, whatever becomes of the run. */
  learned(isKept: boolean): void
}

/** What a continued run is told again. Rejects when the run ends first. */
export const toldAgain = ({ signal }: RunScope, told: () => Promise<Told>): Promise<Told> =>
  orAborted(signal, told)

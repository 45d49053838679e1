/**
 * Owns why a command was not taken: nothing was written or sent.
 */
import { idOfLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'

/** A command nobody can carry out. Nothing was written or sent. */
export class CommandRefusedError extends Error {
  override readonly name: string = 'CommandRefusedError'
}

/** What a command was based on has moved on. Nothing was written or sent. */
export class StalePlanError extends CommandRefusedError {
  override readonly name = 'StalePlanError'
  /** Logs that are not where they were. */
  readonly logs: readonly LogId[]

  constructor(logs: readonly LogId[]) {
    const names = logs.slice(0, 3).map(idOfLog).join(', ')
    const others = logs.length > 3 ? ` and ${logs.length - 3} more` : ''
    super(`Something happened since this was planned: ${names}${others} moved on. Plan again.`)
    this.logs = logs
  }
}

/**
 * Owns the checkpoint of one run: writing down what its worker was told so far, whenever it comes to wait or has
 * changed something outside.
 */
import { encodeCheckpoint } from '../core/checkpoint.ts'
import type { CheckpointState } from '../core/checkpoint.ts'
import { CONTENT_LIMIT } from '../core/content.ts'
import type { RunLogId } from '../core/ids.ts'
import type { Emitter } from './emitter.ts'
import { longText } from './text.ts'

export interface Keeper {
  /** Null: it cannot be kept. An earlier checkpoint would then lie about what the run waits for. */
  keep(state: CheckpointState | null): void
  /** What was kept is of no use. */
  forget(): void
}

export function createKeeper(emitter: Emitter, log: RunLogId, hasOne: boolean): Keeper {
  let has = hasOne

  function forget(): void {
    if (has) emitter.emit(log, 'checkpoint.cleared', {})
    has = false
  }

  return {
    keep(state) {
      const text = state === null ? null : encodeCheckpoint(state)
      if (text === null || text.length > CONTENT_LIMIT) return forget()
      emitter.emit(log, 'checkpoint.saved', { state: longText(text) })
      has = true
    },
    forget,
  }
}

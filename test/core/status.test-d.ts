/** Checked by `tsc --noEmit`: a status cannot be written from a string outside `core/status.ts`. SPEC F4. */
import type { RunStatus, RunStatusName } from '../../src/core/status.ts'
import { openingStatus } from '../../src/core/status.ts'

// @ts-expect-error a plain literal is no status
export const fromLiteral: RunStatus = 'running'

const name: RunStatusName = 'completed'
// @ts-expect-error neither is a name that came from outside
export const fromName: RunStatus = name

// @ts-expect-error nor can a record be given one
export const inRecord: { status: RunStatus } = { status: name }

/** A status reads as its name. */
export const asName: RunStatusName = openingStatus('running')

export function compares(status: RunStatus): boolean {
  return status === 'running'
}

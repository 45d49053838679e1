/** The status table of DESIGN section 2, written out by hand: rows are `from`, columns are `to`. */
import type { RunStatusName } from '../../../src/core/status.ts'

export const NAMES = [
  'pending',
  'starting',
  'running',
  'idle',
  'awaiting_user',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
] as const satisfies readonly RunStatusName[]

//                 pe st ru id aw pa co fa ca in
const ROWS = {
  pending: /*    */ '.  Y  Y  .  .  .  .  Y  Y  Y',
  starting: /*   */ '.  .  Y  Y  .  .  .  Y  Y  Y',
  running: /*    */ '.  .  .  Y  Y  Y  Y  Y  Y  Y',
  idle: /*       */ '.  .  Y  .  .  Y  Y  Y  Y  Y',
  awaiting_user: '.  .  Y  .  .  Y  .  Y  Y  Y',
  paused: /*     */ '.  .  Y  Y  Y  .  .  Y  Y  Y',
  completed: /*  */ '.  .  .  .  .  .  .  .  .  .',
  failed: /*     */ '.  .  .  .  .  .  .  .  .  .',
  cancelled: /*  */ '.  .  .  .  .  .  .  .  .  .',
  interrupted: /**/ '.  .  .  .  .  .  .  .  .  .',
} satisfies Record<RunStatusName, string>

export const legal = (from: RunStatusName, to: RunStatusName): boolean =>
  ROWS[from].split(/\s+/)[NAMES.indexOf(to)] === 'Y'

export const SETTLED: readonly RunStatusName[] = ['completed', 'failed', 'cancelled', 'interrupted']

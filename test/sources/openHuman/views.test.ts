/** A run's status in OpenHuman's words (DESIGN 2: compatibility views are total and one-way). */
import { expect, test } from 'vitest'
import { RUN_STATUSES } from '../../../src/core/status.ts'
import type { RunStatusName } from '../../../src/core/status.ts'
import { OPEN_HUMAN_STATUSES, toOpenHumanStatus } from '../../../src/sources/openHuman/views.ts'
import type { OpenHumanStatus } from '../../../src/sources/openHuman/views.ts'

const GOLDEN: Readonly<Record<RunStatusName, OpenHumanStatus>> = {
  pending: 'pending',
  starting: 'pending',
  running: 'running',
  idle: 'running',
  awaiting_user: 'awaiting_user',
  paused: 'paused',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

test('openhuman 1.1: each of our statuses is one of its eight, and each of its eight is one of ours', () => {
  expect(Object.fromEntries(RUN_STATUSES.map((status) => [status, toOpenHumanStatus(status)]))).toEqual(
    GOLDEN,
  )
  expect(new Set(Object.values(GOLDEN))).toEqual(new Set(OPEN_HUMAN_STATUSES))
})

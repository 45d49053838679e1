/** How later work joins earlier. SPEC W1, P1. */
import { expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import { merge, NO_WORK } from '../../src/ledger/work.ts'
import type { WriterWork } from '../../src/ledger/work.ts'
import { chatter, ended, started } from '../../src/testing/conformance/samples.ts'

const LOG = 'r:a'

function works(...frames: readonly (readonly SourceEvent[])[]): WriterWork[] {
  let record: LogRecord | undefined
  return frames.map((events) => {
    const { changes } = accept(() => record, events)
    record = changes[0]?.record
    return { ...NO_WORK, logs: changes }
  })
}

test.each([
  ['an end joins what changed no list', [chatter(LOG, 2), [ended(LOG)]], true],
  ['what changes no list joins an end', [[ended(LOG)], chatter(LOG, 2)], true],
  ['neither changes a list', [chatter(LOG, 1), chatter(LOG, 2)], false],
])('P1 a joined write is listed anew when any of its parts is: %s', (_what, [first, second], relisted) => {
  const [, earlier, later] = works([started(LOG)], first ?? [], second ?? [])
  const joined = merge(earlier ?? NO_WORK, later ?? NO_WORK)
  expect(joined.logs).toHaveLength(1)
  expect(joined.logs[0]?.relisted).toBe(relisted)
  expect(joined.logs[0]?.events.map(({ sequence }) => sequence)).toEqual(
    [2, 3, 4].slice(0, joined.logs[0]?.events.length),
  )
})

/**
 * The cost of an event does not depend on what is stored, on the IndexedDB of a real browser: one flush through
 * the writer asks a store of a million events for exactly what it asks one of ten thousand. SPEC P1.
 */
import { expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogRecord } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId } from '../../src/core/ids.ts'
import { EMPTY_BATCH } from '../../src/ledger/port.ts'
import { cursor, tells } from '../../src/testing/conformance/samples.ts'
import { freshDisk } from '../ledger/support/databases.ts'
import { workOf } from '../ledger/support/work.ts'
import type { Work } from '../ledger/support/work.ts'
import { writing } from '../ledger/support/writing.ts'

const LOGS = 10
/** Events of a log in one write of the fill: one segment. */
const SEGMENT = 1_000
const FRAME = 250

/** A log's story, over and over: every sample is decoded once, later events are copies with places of their own. */
const OPENING = tells('r:sample', 'run.registered', { status: 'running', parentThreadId: 'thread' })
const STEPS = [
  tells('r:sample', 'tool.started', { callId: 'call', name: 'read', args: 'path' }),
  tells('r:sample', 'tool.finished', { callId: 'call', name: 'read', status: 'completed', output: 'text' }),
  tells('r:sample', 'usage.reported', { key: 'turn', scope: 'own', inputTokens: 1 }),
  tells('r:sample', 'agent.message', { text: 'done' }),
]

const logOf = (index: number): LogId => `r:run-${index}`

function eventOf(log: LogId, at: number): SourceEvent {
  const sample = at === 0 ? OPENING : (STEPS[at % STEPS.length] ?? OPENING)
  const event = { ...sample, log, position: at, stream: `stream of ${log}` }
  // Calls are told apart, as they are in a real run.
  return 'callId' in event.payload
    ? ({ ...event, payload: { ...event.payload, callId: `call ${at - (at % STEPS.length)}` } } as SourceEvent)
    : event
}

/** What one event, and one frame over ten runs, ask of a store with so many events in ten runs. */
async function workBeside(events: number): Promise<{ stored: number; event: Work; frame: Work }> {
  const disk = await freshDisk()
  const { writer, append, records, beneath } = writing({ beneath: disk.ledger })
  await disk.ledger.open()
  const each = events / LOGS
  for (let index = 0; index < LOGS; index += 1) {
    records.set(logOf(index), await fill(disk.ledger, logOf(index), each))
  }
  writer.start()
  const flush = (told: readonly SourceEvent[], position: number) =>
    workOf(async () => {
      append(told, { cursors: [cursor('live', position)] })
      await writer.whenIdle()
    })
  const event = await flush([eventOf(logOf(0), each)], 1)
  const told = Array.from({ length: FRAME }, (_, at) =>
    eventOf(logOf(at % LOGS), each + 1 + Math.floor(at / LOGS)),
  )
  const frame = await flush(told, 2)
  const { events: stored } = await beneath.counts()
  await disk.cleanup()
  return { stored, event, frame }
}

/** Writes a log's first events in large segments, as many as the merge leaves; gives back its record. */
async function fill(
  ledger: Awaited<ReturnType<typeof freshDisk>>['ledger'],
  log: LogId,
  count: number,
): Promise<LogRecord> {
  let record: LogRecord | undefined
  for (let from = 0; from < count; from += SEGMENT) {
    const told = Array.from({ length: SEGMENT }, (_, at) => eventOf(log, from + at))
    const { changes } = accept(() => record, told)
    await ledger.write({ ...EMPTY_BATCH, logs: changes })
    record = changes[0]?.record
  }
  if (record === undefined) throw new Error('nothing was written')
  return record
}

test(
  'P1 an event asks as much of a store of a million events as of one of ten thousand',
  { timeout: 120_000 },
  async () => {
    const small = await workBeside(10_000)
    const large = await workBeside(1_000_000)
    expect([small.stored, large.stored]).toEqual([10_001 + FRAME, 1_000_001 + FRAME])
    expect(small.event.requests.put).toBeGreaterThan(0)
    // One request, and a look at every key.
    expect(large.event.requests.count ?? 0).toBe(0)
    expect({ event: large.event, frame: large.frame }).toEqual({ event: small.event, frame: small.frame })
  },
)

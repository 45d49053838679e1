/**
 * What a frame costs the slices: values read and ids compared, not time. It depends neither on how many runs
 * are held nor on how many rows and calls they have. SPEC P1.
 */
import type { UnknownAction } from '@reduxjs/toolkit'
import { expect, test } from 'vitest'
import { accept } from '../../src/core/accept.ts'
import type { LogChange } from '../../src/core/accept.ts'
import type { LogId } from '../../src/core/ids.ts'
import { runLog } from '../../src/core/ids.ts'
import { committed, EMPTY_FRAME, eventsReceived } from '../../src/state/actions.ts'
import { chatRuntimeReducer } from '../../src/state/chatRuntimeSlice.ts'
import { runsReducer } from '../../src/state/runsSlice.ts'
import { at } from '../../src/state/table.ts'
import { keepTail, UNPERSISTED_EVENTS } from '../../src/state/windows.ts'
import { counted } from '../core/support/counted.ts'
import { decoded } from '../core/support/histories.ts'

type Told = readonly [log: LogId, type: string, payload: unknown]

const start: UnknownAction = { type: 'start' }
const nothing = { runs: runsReducer(undefined, start), chat: chatRuntimeReducer(undefined, start) }
type Slices = typeof nothing

let position = 0

function changesOf({ runs }: Slices, told: readonly Told[]): readonly LogChange[] {
  const events = told.map(([log, type, payload]) => {
    position += 1
    return decoded({ log, type, payload, position })
  })
  return accept((log) => at(runs.records, log), events).changes
}

const reduce = ({ runs, chat }: Slices, action: UnknownAction): Slices => ({
  runs: runsReducer(runs, action),
  chat: chatRuntimeReducer(chat, action),
})

const frameOf = (changes: readonly LogChange[]): UnknownAction => eventsReceived({ ...EMPTY_FRAME, changes })

const commitOf = (changes: readonly LogChange[]): UnknownAction =>
  committed({
    persisted: changes.map(({ log, events }) => ({ log, sequence: events.at(-1)?.sequence ?? 0 })),
    transitions: [],
    commands: [],
    copies: 1,
  })

/** Tells it in one frame and commits it. */
function tell(slices: Slices, told: readonly Told[]): Slices {
  const changes = changesOf(slices, told)
  return reduce(reduce(slices, frameOf(changes)), commitOf(changes))
}

const registered = (log: LogId, parentThreadId: string): Told => [
  log,
  'run.registered',
  { status: 'running', parentThreadId },
]

test('P1 a frame and its commit read no more with 5,000 runs held than with 50', () => {
  const active = Array.from({ length: 10 }, (_, index) => runLog(`active-${index}`))
  const readsAmong = (held: number): number => {
    const quiet = Array.from({ length: held }, (_, index) => registered(runLog(`quiet-${index}`), 'quiet'))
    const slices = tell(nothing, [...quiet, ...active.map((log) => registered(log, 'active'))])
    const changes = changesOf(
      slices,
      active.map((log) => [log, 'tool.started', { callId: 'c', name: 'read' }]),
    )
    let reads = 0
    const count = (by: number): void => void (reads += by)
    reduce(counted(slices, count), frameOf(changes))
    reduce(counted(slices, count), commitOf(changes))
    return reads
  }
  expect(readsAmong(5_000)).toBeLessThan(readsAmong(50) * 2)
})

test('P1 the rows of a thread are not searched for the one that changed', () => {
  const runs = Array.from({ length: 800 }, (_, index) => runLog(`run-${index}`))
  const slices = tell(
    nothing,
    runs.map((log) => registered(log, 'thread')),
  )
  let reads = 0
  const rows = slices.chat.toolTimelineByThread['t:thread'] ?? []
  const chat = {
    ...slices.chat,
    toolTimelineByThread: {
      't:thread': rows.map((row) => counted(row, (by) => (reads += by))) as typeof rows,
    },
  }
  const noted = (log: LogId): Told => [log, 'note', {}]
  // Where the rows of a list of unknown origin stand is found out once.
  const once = tell({ ...slices, chat }, runs.slice(0, 5).map(noted))
  reads = 0
  tell(once, runs.slice(400, 405).map(noted))
  expect(reads).toBeLessThan(50)
})

test('P1 the calls of a run are not searched for the one that is new', () => {
  const log = runLog('busy')
  let compared = 0
  let slices = tell(nothing, [registered(log, 'thread')])
  const comparing = (changes: readonly LogChange[]): readonly LogChange[] =>
    changes.map((change) => ({
      ...change,
      toolCalls: change.toolCalls.map((call) => {
        const { id } = call
        return Object.defineProperty({ ...call }, 'id', {
          enumerable: true,
          get: () => ((compared += 1), id),
        })
      }),
    }))
  const call = (index: number): Told[] => [
    [log, 'tool.started', { callId: `c${index}`, name: 'read' }],
    [log, 'tool.finished', { callId: `c${index}`, status: 'completed' }],
  ]
  const comparedWhile = (from: number, to: number): number => {
    compared = 0
    for (let index = from; index < to; index += 1) {
      const told = changesOf(slices, call(index))
      slices = reduce(reduce(slices, frameOf(comparing(told))), commitOf(told))
    }
    return compared
  }
  const early = comparedWhile(0, 50)
  comparedWhile(50, 850)
  expect(comparedWhile(850, 900)).toBeLessThanOrEqual(early * 1.2)
  // Beyond the window the oldest go, and places are found again now and then, not each time.
  comparedWhile(900, 1_300)
  expect(comparedWhile(1_300, 1_500)).toBeLessThan(200 * 30)
  expect(at(slices.runs.toolCalls, log)?.calls.length).toBeLessThanOrEqual(1_100)
})

test('P1 a tail is bounded, however far the disk is behind', () => {
  let tail: ReturnType<typeof keepTail> = []
  const [change] = changesOf(
    nothing,
    Array.from({ length: 5_000 }, (): Told => [runLog('far-ahead'), 'note', {}]),
  )
  const events = change?.events ?? []
  for (let from = 0; from < events.length; from += 50) tail = keepTail(tail, events.slice(from, from + 50), 0)
  expect(tail).toEqual(events.slice(-UNPERSISTED_EVENTS))
  expect(keepTail(tail, [], 5_000)).toHaveLength(200)
})

/** Duplicates, chunks, order, finality and unknown types, over generated histories. SPEC F1–F4, F6. */
import fc from 'fast-check'
import { expect } from 'vitest'
import type { LogRecord, RunRecord } from '../../src/core/entities.ts'
import { lifecycleOf } from '../../src/core/entities.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import { isSettled } from '../../src/core/status.ts'
import type { Said } from './support/histories.ts'
import {
  RUN,
  assemble,
  history,
  picks,
  quietActs,
  runHistory,
  weave,
  workflowHistory,
} from './support/histories.ts'
import { nothingKept, plain, take, takeAll, throughIntakes } from './support/fold.ts'
import { property } from '../support/property.ts'

/** Repeats some arrivals, at once or much later. */
const repeats = fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { maxLength: 40 })

function repeated(
  events: readonly SourceEvent[],
  again: readonly (readonly [number, number])[],
): SourceEvent[] {
  const arrivals = [...events]
  for (const [which, later] of again) {
    const event = arrivals[which % arrivals.length]
    if (event !== undefined) arrivals.splice((which % arrivals.length) + 1 + later, 0, structuredClone(event))
  }
  return arrivals
}

property('F1 folding the same events twice changes nothing', history, (events) => {
  expect(plain(takeAll(throughIntakes([...events, ...structuredClone(events)])))).toEqual(
    plain(takeAll(events)),
  )
})

property('F1 repeats anywhere in a history change nothing', fc.tuple(history, repeats), ([events, again]) => {
  expect(plain(takeAll(throughIntakes(repeated(events, again))))).toEqual(plain(takeAll(events)))
})

property(
  'F2 how events are cut into batches does not matter',
  fc.tuple(history, picks),
  ([events, sizes]) => {
    const isRepair = (stream: string) => stream === 'C'
    const kept = nothingKept()
    for (let at = 0, turn = 0; at < events.length; turn += 1) {
      const size = 1 + (sizes[turn % sizes.length] ?? 0)
      take(kept, events.slice(at, at + size), isRepair)
      at += size
    }
    expect(plain(kept)).toEqual(plain(takeAll(events, isRepair)))
  },
)

property(
  'F2 sequences are contiguous from 1 and every batch says where it began',
  fc.tuple(history, picks),
  ([events]) => {
    const kept = nothingKept()
    for (const half of [events.slice(0, events.length / 2), events.slice(events.length / 2)]) {
      const before = new Map(
        [...kept.records].map(([log, record]) => [log, lifecycleOf(record).lastSequence]),
      )
      for (const change of take(kept, half).changes) expect(change.base).toBe(before.get(change.log) ?? 0)
    }
    for (const [log, stored] of kept.events) {
      expect(stored.map((event) => event.sequence)).toEqual(stored.map((_, index) => index + 1))
      expect(stored).toHaveLength(events.filter((event) => event.log === log).length)
    }
  },
)

property('F2 the transitions of a log lead from nothing to its present status', history, (events) => {
  const kept = takeAll(events)
  for (const [log, record] of kept.records) {
    const transitions = kept.transitions.get(log) ?? []
    expect(transitions[0]?.from).toBeNull()
    transitions.slice(1).forEach((each, index) => expect(each.from).toBe(transitions[index]?.to))
    const { attempt, status, inferred } = lifecycleOf(record)
    expect(transitions.at(-1)).toMatchObject({ attempt, to: status, inferred })
  }
})

property('F3 any interleaving of runs gives equal runs', fc.tuple(history, picks), ([events, order]) => {
  const logs = [...new Set(events.map((event) => event.log))]
  const lists = logs.map((log) => events.filter((event) => event.log === log))
  expect(plain(takeAll(weave(lists, order)))).toEqual(plain(takeAll(events)))
})

property(
  'F3 within the window of its streams any order of arrival gives equal logs',
  fc.tuple(history, fc.infiniteStream(fc.nat(1_000))),
  ([events, random]) => {
    const told = events
      .map((event) => ({ ...event, stream: 'A' }))
      .map((event, at) => ({ ...event, position: at + 1 }))
    const keyed = told.map((event) => ({ event, key: random.next().value ?? 0 }))
    const shuffled = keyed.toSorted((a, b) => a.key - b.key).map(({ event }) => event)
    expect(plain(takeAll(throughIntakes(shuffled, false)))).toEqual(plain(takeAll(told)))
  },
)

/** What may differ when two streams of one run arrive in another order. SPEC "volatile". */
function lasting({ run, telemetry, usage, ...record }: RunRecord): unknown {
  const { lastSequence: _head, updatedAt: _time, artifacts, attempts, completedAt, ...rest } = run
  const { updatedAt: _when, elapsedMs, ...figures } = telemetry
  // An inferred end is dated by the last event heard, of any stream.
  const told = attempts.map((each) => (each.inferred ? { ...each, completedAt: null } : each))
  const end = run.inferred ? null : { completedAt, elapsedMs }
  return {
    ...record,
    end,
    run: { ...rest, attempts: told, artifacts: artifacts.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
    telemetry: figures,
    usage: usage.entries.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  }
}

/** Facts that a second stream may tell about a run without touching its status. */
const sideStory: fc.Arbitrary<Said[]> = fc
  .array(
    fc.oneof(
      fc.nat(9).map((at) => ({
        type: 'usage.reported',
        payload: { key: `side${at}`, scope: 'own', inputTokens: at },
      })),
      fc.nat(9).map((at) => ({
        type: 'artifact.recorded',
        payload: { name: `s${at}`, mediaType: 'x', content: 'x' },
      })),
      ...Object.values(quietActs),
    ),
    { maxLength: 10 },
  )
  .map((acts) => acts.map((each) => ({ log: RUN, ...each, stream: 'side' })))

property(
  'F3 a second stream that tells other things may come at any time',
  fc.tuple(runHistory, sideStory, picks, picks),
  ([events, side, one, other]) => {
    const once = assemble(side).filter(
      (event, at, all) =>
        !('key' in event.payload) || all.findIndex((each) => samePayloadKey(each, event)) === at,
    )
    const [first, ...rest] = events
    if (first === undefined) return
    const record = (order: readonly number[]) =>
      takeAll([first, ...weave([rest, once], order)]).records.get(RUN)
    const [left, right] = [record(one), record(other)]
    if (left?.entity !== 'run' || right?.entity !== 'run') throw new Error('no run')
    expect(lasting(left)).toEqual(lasting(right))
  },
)

const samePayloadKey = (a: SourceEvent, b: SourceEvent) =>
  'key' in a.payload && 'key' in b.payload && a.payload.key === b.payload.key

/** Folds event by event and shows each step. */
function steps(
  events: readonly SourceEvent[],
  see: (before: LogRecord, after: LogRecord, event: SourceEvent) => void,
) {
  const kept = nothingKept()
  for (const event of events) {
    const before = kept.records.get(event.log)
    take(kept, [event])
    const after = kept.records.get(event.log)
    if (before !== undefined && after !== undefined) see(before, after, event)
  }
}

property(
  "F4 settled is final within an attempt, but for the owner's word on what we inferred",
  fc.oneof(runHistory, workflowHistory),
  (events) =>
    steps(events, (before, after, event) => {
      const [old, now] = [lifecycleOf(before), lifecycleOf(after)]
      expect(now.attempt).toBeGreaterThanOrEqual(old.attempt)
      if (!isSettled(old.status) || now.attempt !== old.attempt) return
      const { status, inferred, completedAt } = now
      if (!old.inferred) {
        expect({ status, inferred, completedAt }).toEqual({
          status: old.status,
          inferred: false,
          completedAt: old.completedAt,
        })
      } else if (status !== old.status || !inferred) {
        expect(isSettled(status)).toBe(true)
        expect(inferred).toBe(false)
        expect(event.payload).not.toHaveProperty('inferred', true)
      }
    }),
  400,
)

property('F4 a run never walks back to its beginning within an attempt', runHistory, (events) =>
  steps(events, (before, after) => {
    const [old, now] = [lifecycleOf(before), lifecycleOf(after)]
    if (old.attempt !== now.attempt || old.status === now.status) return
    expect(now.status).not.toBe('pending')
    if (now.status === 'starting') expect(old.status).toBe('pending')
  }),
)

property('F4 a settled question or call is never open again in its attempt', runHistory, (events) =>
  steps(events, (before, after) => {
    if (before.entity !== 'run' || after.entity !== 'run') return
    for (const question of before.questions.filter((each) => each.state !== 'open')) {
      const later = after.questions.find((each) => each.questionId === question.questionId)
      // Asked by a later attempt, it is another question.
      if ((later?.attempt ?? 0) > question.attempt) continue
      expect(later?.state).not.toBe('open')
      if (question.state === 'unknown') continue
      // That it went on does not say what it was told (F4c): whoever knows may still say it, once.
      const isTold = question.state === 'answered' && question.answer === null
      expect(later).toEqual(
        isTold ? { ...question, answer: later?.answer, settledAt: later?.settledAt } : question,
      )
    }
    for (const call of before.toolCalls.filter((each) => each.status !== 'running')) {
      const later = after.toolCalls.find((each) => each.id === call.id)
      expect(later?.status).not.toBe('running')
      if (!call.inferred) expect(later).toEqual(call)
    }
  }),
)

property('F6 unknown events change only the head', fc.oneof(runHistory, workflowHistory), (events) =>
  steps(events, (before, after, event) => {
    if (event.type !== 'foreign') return
    expect(headless(after)).toEqual(headless(before))
    expect(lifecycleOf(after).lastSequence).toBe(lifecycleOf(before).lastSequence + 1)
  }),
)

function headless(record: LogRecord): unknown {
  const { lastSequence: _head, updatedAt: _time, ...rest } = lifecycleOf(record)
  return { ...record, [record.entity]: rest }
}

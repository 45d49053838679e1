/**
 * Owns what an event costs on its way into Redux: fold and reduce, in batches, on a state that holds more or
 * less; `createEntityAdapter` holding every event is the peer.
 */
import { combineReducers, createEntityAdapter, createSlice } from '@reduxjs/toolkit'
import { eventStream } from '../events.ts'
import type { EventStream } from '../events.ts'
import { accept, chatRuntimeReducer, committed, decodeEvent, EMPTY_FRAME } from '../ledger.ts'
import { eventsHeld, eventsReceived, ledgerReducer, recordOf, recordsOf, runsReducer } from '../ledger.ts'
import type { SourceEvent } from '../ledger.ts'
import { median, quantiles } from '../statistics.ts'

const BATCH = 256
const ACTIVE_RUNS = 50
const WARM_UP = 30

export const rootReducer = combineReducers({
  runs: runsReducer,
  chatRuntime: chatRuntimeReducer,
  ledger: ledgerReducer,
})
export type Root = ReturnType<typeof rootReducer>

export const emptyRoot = (): Root => rootReducer(undefined, { type: 'init' })

/** One frame of events and its commit, as the pipeline dispatches them. */
export function received(state: Root, events: readonly SourceEvent[]): Root {
  const { changes } = accept((log) => recordOf(state.runs, log), events)
  return rootReducer(state, eventsReceived({ ...EMPTY_FRAME, changes }))
}

export function settled(state: Root): Root {
  const persisted = recordsOf(state.runs).map((record) => ({
    log: record.log,
    sequence: record.entity === 'run' ? record.run.lastSequence : record.workflow.lastSequence,
  }))
  return rootReducer(state, committed({ persisted, transitions: [], commands: [], copies: 1 }))
}

export function decoded(stream: EventStream, count: number): SourceEvent[] {
  return stream.next(count).map((raw) => {
    const result = decodeEvent(raw, 'bench')
    if (result.kind !== 'event') throw new Error(JSON.stringify(result))
    return result.event
  })
}

export interface FoldCase {
  /** Events accepted before, of `runs` runs. */
  held: number
  runs: number
  batches: number
}

export function foldOurs({ held, runs, batches }: FoldCase) {
  const fresh = (): Chain<Root> => {
    const history = eventStream(runs)
    let state = emptyRoot()
    for (let made = 0; made < held; made += BATCH) {
      state = settled(received(state, decoded(history, Math.min(BATCH, held - made))))
    }
    // The active runs go on where they stand, also when other runs are held beside them.
    const live = eventStream(ACTIVE_RUNS, Math.ceil(held / runs))
    return { state, next: () => decoded(live, BATCH) }
  }
  const { state, ...times } = measure({ held, batches, fresh, apply: received, between: settled })
  return { ...times, kept: eventsHeld(state.runs), runs: recordsOf(state.runs).length }
}

export function foldAdapter({ held, runs, batches }: FoldCase) {
  const adapter = createEntityAdapter<SourceEvent, string>({
    selectId: (event) => `${event.log} ${event.position}`,
  })
  const slice = createSlice({
    name: 'events',
    initialState: adapter.getInitialState(),
    reducers: { received: adapter.addMany },
  })
  type State = ReturnType<typeof slice.reducer>
  const apply = (state: State, events: readonly SourceEvent[]): State =>
    slice.reducer(state, slice.actions.received(events as never))
  const fresh = (): Chain<State> => {
    const stream = eventStream(runs)
    return {
      state: apply(slice.getInitialState(), decoded(stream, held)),
      next: () => decoded(stream, BATCH),
    }
  }
  const { state, ...times } = measure({ held, batches, fresh, apply, between: (after) => after })
  return { ...times, kept: state.ids.length, runs }
}

/** A state that holds what it should, and the batches that follow. */
interface Chain<State> {
  state: State
  next(): SourceEvent[]
}

/**
 * Microseconds per event, median and 95th percentile over the batches. Each is put on the state the last one left,
 * as frames are; when that has grown by a quarter, a fresh one takes its place.
 */
function measure<State>(options: {
  held: number
  batches: number
  fresh: () => Chain<State>
  apply: (state: State, batch: readonly SourceEvent[]) => State
  /** What follows a batch and is not measured. */
  between: (state: State) => State
}) {
  const { held, batches, fresh, apply, between } = options
  const chained = Math.max(4, Math.floor(held / 4 / BATCH))
  const warmUp = Math.min(batches, WARM_UP)
  const times: number[] = []
  let chain = fresh()
  for (let round = 0; round < warmUp + batches; round += 1) {
    if (round > 0 && round % chained === 0) chain = fresh()
    const batch = chain.next()
    const began = performance.now()
    chain.state = apply(chain.state, batch)
    if (round >= warmUp) times.push(((performance.now() - began) / BATCH) * 1_000)
    chain.state = between(chain.state)
  }
  return { state: chain.state, perEvent: median(times), p95: quantiles(times)?.p95 ?? Number.NaN }
}

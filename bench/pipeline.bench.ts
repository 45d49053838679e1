/**
 * What an event costs on its way to the store: decode, intake, fold, and the whole way into Redux, in batches
 * of 256 over 50 runs, half of them tool events. `createEntityAdapter` holding every event is the peer.
 */
import { configureStore, createEntityAdapter, createSlice, Tuple } from '@reduxjs/toolkit'
import { bench, describe } from 'vitest'
import { accept } from '../src/core/accept.ts'
import type { LogChange } from '../src/core/accept.ts'
import { prepare } from '../src/core/content.ts'
import { decodeEvent } from '../src/core/decode.ts'
import type { LogRecord } from '../src/core/entities.ts'
import type { SourceEvent } from '../src/core/events.ts'
import type { LogId } from '../src/core/ids.ts'
import { createStreamIntake } from '../src/core/intake.ts'
import { committed, EMPTY_FRAME, eventsReceived } from '../src/state/actions.ts'
import { chatRuntimeReducer } from '../src/state/chatRuntimeSlice.ts'
import { ledgerReducer } from '../src/state/ledgerSlice.ts'
import { runsReducer } from '../src/state/runsSlice.ts'
import { at } from '../src/state/table.ts'

const BATCH = 256
const RUNS = 50
const STREAM = 'bench'
const START = Date.UTC(2026, 0, 1)
const FILLER = 'x'.repeat(250)

/** Endless: every call gives the next events of the same fifty runs. */
function eventSource(): (count: number) => SourceEvent[] {
  let position = 0
  const next = (): SourceEvent => {
    position += 1
    const log: LogId = `r:run-${position % RUNS}`
    const round = Math.floor(position / RUNS)
    const callId = `call-${Math.floor(round / 2)}`
    const base = { log, stream: STREAM, position, timestamp: START + position }
    const args = { preview: FILLER, chars: FILLER.length, ref: null }
    if (position % 4 === 0) {
      return { ...base, type: 'foreign', payload: { source: STREAM, name: 'note', value: { note: FILLER } } }
    }
    return round % 2 === 0
      ? { ...base, type: 'tool.started', payload: { callId, name: 'search', args } }
      : {
          ...base,
          type: 'tool.finished',
          payload: { callId, name: 'search', status: 'completed', output: args },
        }
  }
  return (count) => Array.from({ length: count }, next)
}

/** Runs that are held and silent. */
const quietRuns = (count: number): SourceEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    log: `r:quiet-${index}`,
    stream: 'quiet',
    position: index,
    timestamp: START,
    type: 'run.registered',
    payload: { status: 'running', parentThreadId: `thread-${index % 20}` },
  }))

const COMMIT = { persisted: [], transitions: [], commands: [], copies: 1 }
const headOf = ({ log, events }: LogChange) => ({ log, sequence: events.at(-1)?.sequence ?? 0 })

describe(`${BATCH} events`, () => {
  const fresh = eventSource()

  {
    const raws = fresh(BATCH).map(({ stream: _stream, ...raw }) => raw)
    bench('decode and prepare', () => {
      for (const raw of raws) {
        const decoded = decodeEvent(raw, STREAM)
        if (decoded.kind === 'event') prepare(decoded.event)
      }
    })
  }

  {
    const intake = createStreamIntake<number>({ id: STREAM, contiguous: true, first: 1, kind: 'live' })
    let position = 0
    bench('order and dedupe', () => {
      for (let each = 0; each < BATCH; each += 1) {
        position += 1
        intake.offer({ position, item: position }, 0)
      }
    })
  }

  {
    const records = new Map<LogId, LogRecord>()
    const events = eventSource()
    bench('fold', () => {
      const { changes } = accept((log) => records.get(log), events(BATCH))
      for (const change of changes) records.set(change.log, change.record)
    })
  }

  for (const { held, history } of [
    { held: RUNS, history: 1_000 },
    { held: RUNS, history: 100_000 },
    { held: 2_000, history: 100_000 },
  ]) {
    const store = configureStore({
      reducer: { runs: runsReducer, chatRuntime: chatRuntimeReducer, ledger: ledgerReducer },
      middleware: () => new Tuple(),
      devTools: false,
    })
    const frame = (events: readonly SourceEvent[]): void => {
      const { records } = store.getState().runs
      const { changes } = accept((log) => at(records, log), events)
      store.dispatch(eventsReceived({ ...EMPTY_FRAME, changes }))
      store.dispatch(committed({ ...COMMIT, persisted: changes.map(headOf) }))
    }
    frame(quietRuns(held - RUNS))
    const events = eventSource()
    for (let told = 0; told < history; told += BATCH) frame(events(BATCH))
    bench(`fold and reduce: ${held} runs held, ${history} events before`, () => frame(events(BATCH)))
  }

  for (const held of [1_000, 10_000]) {
    const adapter = createEntityAdapter<SourceEvent, string>({
      selectId: (event) => `${event.log} ${event.position}`,
    })
    const slice = createSlice({
      name: 'events',
      initialState: adapter.getInitialState(),
      reducers: { received: adapter.addMany },
    })
    const events = eventSource()
    let state = slice.reducer(undefined, slice.actions.received(events(held) as never))
    bench(`peer: createEntityAdapter holding ${held} events`, () => {
      state = slice.reducer(state, slice.actions.received(events(BATCH) as never))
    })
  }
})

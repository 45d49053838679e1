/**
 * Owns a core that outlives pages: one history, replayed to whoever connects from where that page's ledger was
 * committed, and commands that have one effect however often they are sent.
 */
import type { CommandVerb, RunCommand } from '../core/commands.ts'
import type { Evidence, RunQuery, Source, SourceSink } from '../core/ports.ts'
import { liveStream } from './scriptedSource.ts'

/** An event before the core gives it its position. */
export interface CoreEvent {
  log: string
  type: string
  payload: object
}

export interface SharedCore {
  /** A page's connection. `deliver` carries what arrives at that page; it may be late, and keeps the order. */
  source(deliver?: (arrival: () => void) => void): Source
  emit(events: readonly CoreEvent[]): void
  readonly history: readonly (CoreEvent & { position: number; timestamp: number })[]
  /** Commands as they came, repeats included. */
  readonly sent: readonly RunCommand[]
  /** Pages connected now. */
  connections(): number
}

const VERBS: readonly CommandVerb[] = ['stop', 'answer', 'start']
const STREAM = liveStream('core:1')
const START = Date.UTC(2026, 0, 1)

export function sharedCore(instance = 'core'): SharedCore {
  const history: (CoreEvent & { position: number; timestamp: number })[] = []
  const sent: RunCommand[] = []
  const listeners = new Set<(from: number) => void>()
  const done = new Set<string>()

  function emit(events: readonly CoreEvent[]): void {
    const from = history.length
    for (const event of events) {
      const position = history.length + 1
      history.push({ ...event, position, timestamp: START + position * 1_000 })
    }
    for (const listener of listeners) listener(from)
  }

  function connect(sink: SourceSink, deliver: (arrival: () => void) => void): () => void {
    let connected = true
    const listen = (from: number): void => {
      const events = history.slice(from)
      if (events.length === 0) return
      deliver(() => {
        // Even a page that hung up gets what was on its way.
        sink.receive(STREAM, events)
      })
    }
    void sink.position(STREAM.id).then((position) => {
      if (!connected) return
      listeners.add(listen)
      sink.status({ state: 'connected', error: null })
      listen(position ?? 0)
    })
    return () => {
      connected = false
      listeners.delete(listen)
    }
  }

  const evidenceOf = ({ log }: RunQuery): Evidence =>
    history.some((event) => event.log === log) ? { kind: 'live' } : { kind: 'unknown' }

  return {
    source: (deliver = (arrival) => arrival()) => ({
      id: 'core',
      instance,
      verbs: VERBS.map((verb) => ({ verb, idempotent: true })),
      connect: (sink) => connect(sink, deliver),
      ask: async (runs) => new Map(runs.map((run) => [run.log, evidenceOf(run)])),
      async send(command) {
        sent.push(command)
        if (!done.has(command.idempotencyKey)) {
          done.add(command.idempotencyKey)
          const payload = { commandId: command.id, state: 'applied' }
          emit([{ log: command.log, type: 'control.settled', payload }])
        }
        return { kind: 'delivered' }
      },
    }),
    emit,
    history,
    sent,
    connections: () => listeners.size,
  }
}

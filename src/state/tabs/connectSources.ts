/**
 * Owns which sources this page is connected to. A source of its own it connects at once; one that pages share it
 * connects while it holds that source's lock, from where the streams were committed. SPEC T1, T2.
 */
import { scopeName } from '../../core/ids.ts'
import type { Source, SourceSink } from '../../core/ports.ts'
import { sourceChanged } from '../actions.ts'
import { takeSeat } from './ingestLock.ts'
import type { Seat } from './ingestLock.ts'
import { lookAgain } from '../evidence/keepAsking.ts'
import { recordOf, resolveText } from '../reads.ts'
import type { Runtime } from '../runtime.ts'
import { streamCursor } from '../streamCursor.ts'

export interface Connections {
  /** Lets go of everything shared, as a page that may be kept without running, or must not write any more. */
  leave(): void
  comeBack(): void
  end(): void
}

export function connectSources(runtime: Runtime): Connections {
  const { sources, ledger } = runtime
  const seats: Seat[] = []
  const disconnects: (() => void)[] = []
  for (const source of sources) {
    // What is kept in memory is nobody else's: such a page has no one to share with.
    if (source.instance === undefined || ledger.kind === 'memory') disconnects.push(connect(runtime, source))
    else {
      const { seat, unhear } = share(runtime, source, source.instance)
      seats.push(seat)
      disconnects.push(unhear)
    }
  }
  const leave = (): void => {
    for (const seat of seats) seat.leave()
  }
  return {
    leave,
    comeBack() {
      for (const seat of seats) seat.comeBack()
    },
    end() {
      leave()
      for (const disconnect of disconnects) disconnect()
    },
  }
}

function share(runtime: Runtime, source: Source, instance: string): { seat: Seat; unhear: () => void } {
  const { locks, clock, tabs, life, dispatch, ingest } = runtime
  const elsewhere = (): void => {
    dispatch(sourceChanged({ source: source.id, status: { state: 'elsewhere', error: null } }))
  }
  elsewhere()
  const seat = takeSeat({
    name: `run-ledger:${scopeName(runtime.scope)}:ingest:${instance}`,
    locks,
    clock,
    isVisible: life.isVisible,
    ping: () => tabs.say({ kind: 'ping', instance }),
    sit() {
      tabs.say({ kind: 'pong', instance })
      const streams = new Set<string>()
      const disconnect = connect(runtime, source, streams)
      void settleIn(runtime)
      return () => {
        disconnect()
        // Whoever connects next begins where the disk is by then, this page included.
        ingest.forget(streams)
        elsewhere()
      }
    },
  })
  const unhear = tabs.hear((message) => {
    if (message.kind === 'ping' && message.instance === instance && seat.isTaken()) {
      tabs.say({ kind: 'pong', instance })
    }
    if (message.kind === 'pong' && message.instance === instance) seat.heard()
  })
  return { seat, unhear }
}

/** The last holder may have left runs in the middle, and commands on their way. */
async function settleIn(runtime: Runtime): Promise<void> {
  if (runtime.getState().ledger.phase !== 'ready') return
  await lookAgain(runtime)
}

/** `streams` gets the names of those that were heard of. */
function connect(runtime: Runtime, source: Source, streams = new Set<string>()): () => void {
  const { ingest, dispatch, connected, redaction } = runtime
  let ended = false
  const sink: SourceSink = {
    receive(stream, events) {
      if (ended) return
      streams.add(redaction.stream(stream).id)
      ingest.receive(stream, events)
    },
    status: ({ state, error }) => {
      if (ended) return
      const status = { state, error: error === null ? null : redaction.text(error) }
      const before = runtime.getState().ledger.sources[source.id]?.state
      dispatch(sourceChanged({ source: source.id, status }))
      // What waited for it is taken up, and what it left in the middle is asked about.
      if (state === 'connected' && before === 'disconnected') void settleIn(runtime)
    },
    position: async (stream) => (await streamCursor(runtime, redaction.id(stream)))?.position ?? null,
    durable: (stream, position) => untilDurable(runtime, redaction.id(stream), position),
    record: (log) => recordOf(runtime, redaction.log(log)),
    read: (ref) => resolveText(runtime, ref),
  }
  connected.add(source)
  const disconnect = source.connect(sink)
  return () => {
    ended = true
    connected.delete(source)
    disconnect()
  }
}

/** While a decision of ours is made, events wait outside: so long is asked again. */
const DURABLE_AGAIN_MS = 20

async function untilDurable(
  { ingest, writer, ledger, clock }: Runtime,
  stream: string,
  position: number,
): Promise<void> {
  for (;;) {
    await ingest.settled()
    await writer.whenIdle()
    const cursor = await ledger.readCursor(stream)
    if ((cursor?.position ?? 0) >= position) return
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, DURABLE_AGAIN_MS))
  }
}

/**
 * Owns the way from a source to the store: decode, redact, cut, order, dedupe, then one dispatch a frame. Holds
 * everything back until hydration ends and while a decision of ours commits. SPEC F1–F3, W3, H1, A1, A3.
 */
import { accept } from '../../core/accept.ts'
import type { LogRecord } from '../../core/entities.ts'
import type { StreamInfo } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import { createStreamIntake } from '../../core/intake.ts'
import type { Gap, StreamIntake } from '../../core/intake.ts'
import { createDeltaRedaction } from '../../core/redactDeltas.ts'
import { eventsReceived, recordsLoaded } from '../actions.ts'
import { dropStored } from '../dropStored.ts'
import {
  createQuarantine,
  failedBy,
  frameOf,
  gapBefore,
  isTaken,
  newGathered,
  repeated,
  toItem,
} from './gathered.ts'
import type { Gathered, Item } from './gathered.ts'
import { dropOldNews } from './oldNews.ts'
import type { IngestOptions } from './options.ts'
import { changedRepeats, OTHER_CONTENT } from './repeats.ts'
import { createRunLimit } from './runLimit.ts'
import type { RunsState } from '../runsState.ts'
import { at } from '../table.ts'

/** Events that close a frame early, so that a hidden page's backlog stays small. */
const FRAME_EVENTS = 1_024

export interface Ingest {
  receive(stream: StreamInfo, events: readonly unknown[]): void
  /** Holds events back until the returned function is called; holds may overlap. */
  hold(): () => void
  /** Resolves when the frame under way, if any, was dispatched. */
  paused(): Promise<void>
  /** Resolves when nothing is on its way to the store. */
  settled(): Promise<void>
  /** Drops what waits of these streams; they are opened again where they were committed. */
  forget(streams: ReadonlySet<string>): void
  dispose(): void
}

interface Arrived {
  stream: StreamInfo
  raw: unknown
}

export function createIngest(options: IngestOptions): Ingest {
  const { ledger, cursorOf, clock, frames, dispatch, runs, redaction, page, failed } = options
  const deltas = createDeltaRedaction(redaction)
  const quarantine = createQuarantine({ clock, redaction, page })
  const limit = createRunLimit({ ledger, recordOf: (log) => at(runs().records, log) })
  const intakes = new Map<string, { info: StreamInfo; intake: StreamIntake<Item> }>()
  /** Gaps given up and not yet recorded, by stream. */
  const owed = new Map<string, readonly Gap[]>()
  /** Records as this page's events left them; all others came from the disk. */
  const folded = new WeakSet<LogRecord>()
  let queue: Arrived[] = []
  let holds = 0
  let pumping: Promise<void> | null = null
  let cancelFrame: (() => void) | null = null
  let cancelExpiry: (() => void) | null = null
  let disposed = false

  function schedule(): void {
    if (disposed || holds > 0 || pumping !== null || cancelFrame !== null || queue.length === 0) return
    cancelFrame = frames(() => {
      cancelFrame = null
      run()
    }, queue.length > FRAME_EVENTS)
  }

  function run(): void {
    if (disposed || holds > 0 || pumping !== null) return
    const into = newGathered(0)
    pumping = pump(into)
      .catch((error: unknown) => giveUp(into, error))
      .finally(() => {
        pumping = null
        schedule()
      })
  }

  async function pump(gathered: Gathered): Promise<void> {
    const batch = queue.splice(0, FRAME_EVENTS)
    gathered.counts.received = batch.length
    await openStreams(batch)
    gather(batch, gathered)
    for (const { prepared, raw } of await changedRepeats(ledger, gathered.repeats, runs().tails)) {
      quarantine(gathered, prepared.event.stream, prepared.event.position, OTHER_CONTENT, raw)
    }
    const logs = gathered.events.map(({ event }) => event.log)
    await loadRecords(logs)
    await dropOldNews(gathered, { isRepair, runs, ledger })
    await limit.measure(logs)
    await sendOwn(gathered)
  }

  const isRepair = (stream: string): boolean => intakes.get(stream)?.info.kind === 'repair'

  /** Streams go on where they stand, so a stream's first event waits for its cursor. */
  async function openStreams(batch: readonly Arrived[]): Promise<void> {
    const missing = new Map<string, StreamInfo>()
    for (const { stream } of batch) if (!intakes.has(stream.id)) missing.set(stream.id, stream)
    await Promise.all(
      [...missing.values()].map(async (info) => {
        const cursor = (await cursorOf(info.id).catch(() => null)) ?? undefined
        intakes.set(info.id, { info, intake: createStreamIntake<Item>(info, cursor) })
      }),
    )
  }

  function gather(batch: readonly Arrived[], into: Gathered): void {
    for (const { stream, raw } of batch) offer(into, stream, raw)
    expire(into)
  }

  function offer(into: Gathered, stream: StreamInfo, raw: unknown): void {
    const { position, item, refused } = toItem(raw, stream, redaction)
    const refuse = (reason: string): void => quarantine(into, stream.id, position, reason, raw)
    const intake = intakes.get(stream.id)?.intake
    if (position === null || intake === undefined) return refused === null ? undefined : refuse(refused)
    const offered = intake.offer({ position, item }, clock.monotonic())
    into.streams.add(stream.id)
    if (offered.kind === 'duplicate') return repeated(into, item, raw)
    if (refused !== null) refuse(refused)
    if (offered.kind === 'refused') refuse(offered.reason)
    if (offered.kind === 'ready') for (const ready of offered.items) takeIn(into, stream.id, ready)
  }

  /** A gap is recorded in the log that goes on without it: that of the stream's next event. */
  function takeIn(into: Gathered, stream: string, item: Item): void {
    if (item.kind === 'event') {
      for (const gap of owed.get(stream) ?? []) into.events.push(gapBefore(item.prepared.event, stream, gap))
      owed.delete(stream)
    }
    hearLive(into, stream, item)
    if (item.kind === 'event') into.events.push(item.prepared)
  }

  /** Live pieces are redacted here, where they are in order. */
  function hearLive(into: Gathered, stream: string, item: Item): void {
    try {
      if (item.kind === 'event') into.transient.push(...deltas.after(item.prepared.event))
      const live = item.kind === 'transient' ? deltas.live(item.event) : null
      if (live !== null) into.transient.push(live)
    } catch (error) {
      const position = item.kind === 'transient' ? redaction.position(item.event.position) : null
      const raw = item.kind === 'transient' ? item.event : null
      quarantine(into, stream, position, failedBy('redaction failed', error, redaction), raw)
    }
  }

  /** Gives up on what was missing for too long. */
  function expire(into: Gathered): void {
    let due: number | null = null
    for (const { info, intake } of intakes.values()) {
      for (
        let gave = intake.expire(clock.monotonic());
        gave !== null;
        gave = intake.expire(clock.monotonic())
      ) {
        into.streams.add(info.id)
        owed.set(info.id, [...(owed.get(info.id) ?? []), gave.gap])
        for (const item of gave.items) takeIn(into, info.id, item)
      }
      const at = intake.dueAt()
      if (at !== null) due = Math.min(due ?? at, at)
    }
    cancelExpiry?.()
    cancelExpiry = due === null ? null : clock.setTimeout(wake, Math.max(0, due - clock.monotonic()))
  }

  function wake(): void {
    cancelExpiry = null
    if (holds > 0 || pumping !== null) {
      // Whoever is at work looks at the gaps again when done.
      cancelExpiry = clock.setTimeout(wake, 50)
      return
    }
    run()
  }

  /** A run that is not in memory is read before it is folded. */
  async function loadRecords(logs: readonly LogId[]): Promise<void> {
    const { records } = runs()
    const missing = [...new Set(logs)].filter((log) => at(records, log) === undefined)
    if (missing.length === 0) return
    const found = await ledger.readRecords(missing).catch(() => new Map<LogId, never>())
    if (found.size > 0) dispatch(recordsLoaded({ records: [...found.values()] }))
  }

  /** Sends what no other page has stored, whatever our own intake has seen. */
  async function sendOwn(into: Gathered): Promise<void> {
    let known: RunsState['records']
    do {
      known = runs().records
      const events = await dropStored(ledger, into.events, ({ event }) => {
        const record = at(known, event.log)
        return record !== undefined && !folded.has(record)
      })
      into.counts.duplicates += into.events.length - events.length
      into.events = [...events]
      // What another page committed may have been read meanwhile.
    } while (known !== runs().records)
    // A stream given up meanwhile has no cursor to go with its events: its next reader brings them again.
    into.events = into.events.filter(({ event }) => intakes.has(event.stream))
    if (!disposed) send(into)
  }

  function send(into: Gathered): void {
    const { records } = runs()
    into.events = [...limit.keep(into.events)]
    const { changes, redundant } = accept(
      (log) => at(records, log),
      into.events.map(({ event }) => event),
      isRepair,
    )
    for (const { record } of changes) folded.add(record)
    // A frame of live prose alone is not worth a write; its cursor goes with the next event.
    const isWritten = changes.length > 0 || into.quarantine.length > 0
    const cursors = isWritten ? [...into.streams].flatMap((id) => intakes.get(id)?.intake.cursor() ?? []) : []
    dispatch(eventsReceived(frameOf(into, { changes, redundant, cursors }, clock.now())))
  }

  /** Something threw, here or in a listener of the host's: said, and what did not reach the store is put aside. */
  function giveUp(into: Gathered, error: unknown): void {
    try {
      const lost = into.events.filter((each) => !isTaken(runs().tails, each))
      const aside = { ...newGathered(0), quarantine: [...into.quarantine] }
      const why = failedBy('it could not be taken in', error, redaction)
      for (const { event } of lost) quarantine(aside, event.stream, event.position, why, event)
      failed(error)
      const nothing = { changes: [], redundant: 0, cursors: [] }
      if (lost.length > 0 && !disposed) dispatch(eventsReceived(frameOf(aside, nothing, clock.now())))
    } catch {
      // Who throws at everything is told no more.
    }
  }

  return {
    receive(stream, events) {
      if (disposed) return
      const known = redaction.stream(stream)
      for (const raw of events) queue.push({ stream: known, raw })
      schedule()
    },
    hold() {
      holds += 1
      cancelFrame?.()
      cancelFrame = null
      let released = false
      return () => {
        if (released) return
        released = true
        holds -= 1
        schedule()
      }
    },
    paused: async () => {
      await pumping
    },
    async settled() {
      for (;;) {
        await pumping
        if (pumping !== null) continue
        if (disposed || holds > 0 || queue.length === 0) return
        // A frame is scheduled; whoever waits here does not wait for the screen, but lets the writer have its turn.
        cancelFrame?.()
        cancelFrame = null
        if (queue.length > FRAME_EVENTS) await new Promise<void>((resolve) => void frames(resolve, true))
        run()
      }
    },
    forget(streams) {
      queue = queue.filter(({ stream }) => !streams.has(stream.id))
      for (const id of streams) {
        intakes.delete(id)
        owed.delete(id)
      }
    },
    dispose() {
      disposed = true
      cancelFrame?.()
      cancelExpiry?.()
      queue = []
    },
  }
}

/**
 * Owns what is heard of a run and never stored: its prose by iteration, the arguments of calls as they stream, how
 * often its heart beat. All of it is bounded, and none of it comes back after a reload. SPEC P1.
 */
import type { LogChange } from '../../core/accept.ts'
import { lifecycleOf } from '../../core/entities.ts'
import type { TransientEvent } from '../../core/events.ts'
import type { LogId, RunLogId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'

/** Characters of live prose kept per run, and of live arguments per call. */
export const LIVE_TEXT_CHARS = 8_000
/** Runs whose prose is kept: those heard last. */
export const PROSE_RUNS = 200
const PIECES_PER_RUN = 100
const CALLS_PER_RUN = 50

/** What streams now: the end of it, until the run ends. */
export interface LiveText {
  text: string
  thinking: string
}

/** A stretch of prose of one kind in one iteration; kept when its run has ended. */
export interface ProsePiece {
  kind: 'text' | 'thinking'
  /** Null when the source does not say. */
  iteration: number | null
  text: string
  /** When it began, by the source's clock. */
  startedAt: number
}

export interface LiveArgs {
  callId: string
  text: string
}

export interface Heard {
  liveTextByRun: Readonly<Record<RunLogId, LiveText>>
  proseByRun: Readonly<Record<RunLogId, readonly ProsePiece[]>>
  argsByRun: Readonly<Record<RunLogId, readonly LiveArgs[]>>
  heartbeatsByRun: Readonly<Record<RunLogId, number>>
}

export const NOTHING_HEARD: Heard = { liveTextByRun: {}, proseByRun: {}, argsByRun: {}, heartbeatsByRun: {} }

function hear<State extends Heard>(state: State, events: readonly TransientEvent[]): State {
  if (events.length === 0) return state
  const liveTextByRun = { ...state.liveTextByRun }
  const proseByRun = { ...state.proseByRun }
  const argsByRun = { ...state.argsByRun }
  const heartbeatsByRun = { ...state.heartbeatsByRun }
  for (const event of events) {
    const log = event.log as RunLogId
    if (event.type === 'text.delta') {
      const { kind, text } = event.payload
      const before = liveTextByRun[log] ?? { text: '', thinking: '' }
      liveTextByRun[log] = { ...before, [kind]: (before[kind] + text).slice(-LIVE_TEXT_CHARS) }
      putNewest(proseByRun, log, withPiece(proseByRun[log] ?? [], toPiece(event)))
    } else if (event.type === 'args.delta') {
      argsByRun[log] = withArgs(argsByRun[log] ?? [], event.payload)
    } else {
      heartbeatsByRun[log] = (heartbeatsByRun[log] ?? 0) + 1
    }
  }
  return { ...state, liveTextByRun, proseByRun, argsByRun, heartbeatsByRun }
}

/**
 * What is told and what is heard in one frame: what begins anew comes before what is heard, and what ends after it,
 * so that nothing of a run that has ended is left.
 */
export function hearFrame<State extends Heard>(
  state: State,
  changes: readonly LogChange[],
  events: readonly TransientEvent[],
): State {
  return endHeard(hear(beginAnew(state, changes), events), changes)
}

function beginAnew<State extends Heard>(state: State, changes: readonly LogChange[]): State {
  const attempts = logsWith(changes, 'run.attempt_started')
  const iterations = logsWith(changes, 'iteration.started')
  const proseByRun = without(state.proseByRun, attempts)
  const argsByRun = without(state.argsByRun, [...attempts, ...iterations])
  const isSame = proseByRun === state.proseByRun && argsByRun === state.argsByRun
  return isSame ? state : { ...state, proseByRun, argsByRun }
}

function endHeard<State extends Heard>(state: State, changes: readonly LogChange[]): State {
  const ended = changes.filter(({ record }) => isSettled(lifecycleOf(record).status)).map(({ log }) => log)
  const liveTextByRun = without(state.liveTextByRun, ended)
  const argsByRun = withoutRecorded(without(state.argsByRun, ended), changes)
  const heartbeatsByRun = without(state.heartbeatsByRun, ended)
  const isSame =
    liveTextByRun === state.liveTextByRun &&
    argsByRun === state.argsByRun &&
    heartbeatsByRun === state.heartbeatsByRun
  return isSame ? state : { ...state, liveTextByRun, argsByRun, heartbeatsByRun }
}

export function forgetHeard<State extends Heard>(state: State, logs: readonly LogId[]): State {
  return {
    ...state,
    liveTextByRun: without(state.liveTextByRun, logs),
    proseByRun: without(state.proseByRun, logs),
    argsByRun: without(state.argsByRun, logs),
    heartbeatsByRun: without(state.heartbeatsByRun, logs),
  }
}

function logsWith(changes: readonly LogChange[], type: string): readonly LogId[] {
  return changes.flatMap(({ log, events }) => (events.some((event) => event.type === type) ? log : []))
}

/** Arguments that were recorded, or whose call has ended, stream no more. */
function withoutRecorded(table: Heard['argsByRun'], changes: readonly LogChange[]): Heard['argsByRun'] {
  const next = { ...table }
  let changed = false
  for (const { log, toolCalls } of changes) {
    const live = next[log as RunLogId]
    if (live === undefined || toolCalls.length === 0) continue
    const done = new Set(
      toolCalls.flatMap(({ callId, args, status }) => (args === null && status === 'running' ? [] : callId)),
    )
    const left = live.filter(({ callId }) => !done.has(callId))
    if (left.length === live.length) continue
    next[log as RunLogId] = left
    changed = true
  }
  return changed ? next : table
}

/** The same table when it has none of them. */
function without<Value>(
  table: Readonly<Record<RunLogId, Value>>,
  logs: readonly LogId[],
): Readonly<Record<RunLogId, Value>> {
  const known = logs.filter((log) => Object.hasOwn(table, log))
  if (known.length === 0) return table
  const next = { ...table }
  for (const log of known) delete next[log as RunLogId]
  return next
}

type TextDelta = Extract<TransientEvent, { type: 'text.delta' }>

function toPiece({ payload, timestamp }: TextDelta): ProsePiece {
  const { kind, text, iteration } = payload
  return { kind, iteration: iteration ?? null, text, startedAt: timestamp }
}

/** The end of what was said: what is too much goes from its beginning. */
function withPiece(pieces: readonly ProsePiece[], piece: ProsePiece): readonly ProsePiece[] {
  const last = pieces.at(-1)
  const isMore = last?.kind === piece.kind && last.iteration === piece.iteration
  const next = isMore
    ? [...pieces.slice(0, -1), { ...last, text: last.text + piece.text }]
    : [...pieces, piece]
  let room = LIVE_TEXT_CHARS
  const kept: ProsePiece[] = []
  for (const each of next.slice(-PIECES_PER_RUN).toReversed()) {
    if (room <= 0) break
    kept.push(each.text.length > room ? { ...each, text: each.text.slice(-room) } : each)
    room -= each.text.length
  }
  return kept.toReversed()
}

/** The beginning of the arguments: that is where they can be read from. */
function withArgs(known: readonly LiveArgs[], { callId, text }: LiveArgs): readonly LiveArgs[] {
  const place = known.findIndex((each) => each.callId === callId)
  const before = known[place]?.text ?? ''
  const next = { callId, text: (before + text).slice(0, LIVE_TEXT_CHARS) }
  return place === -1 ? [...known, next].slice(-CALLS_PER_RUN) : known.with(place, next)
}

/** Puts what was heard last at the end; when there are too many, the first goes. */
function putNewest<Value>(table: Record<RunLogId, Value>, log: RunLogId, value: Value): void {
  const isKnown = Object.hasOwn(table, log)
  if (isKnown) delete table[log]
  table[log] = value
  if (isKnown) return
  const logs = Object.keys(table) as RunLogId[]
  const [oldest] = logs
  if (logs.length > PROSE_RUNS && oldest !== undefined) delete table[oldest]
}

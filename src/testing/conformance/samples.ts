/**
 * Owns what the conformance suite writes: events as a source tells them, accepted by the real fold, and the
 * batches a writer makes of them.
 */
import { accept } from '../../core/accept.ts'
import type { LogChange } from '../../core/accept.ts'
import { decodeEvent } from '../../core/decode.ts'
import type { LogRecord, RunEvent } from '../../core/entities.ts'
import type { RunCommand } from '../../core/commands.ts'
import type { SourceEvent } from '../../core/events.ts'
import type { LogId } from '../../core/ids.ts'
import { isRunLog } from '../../core/ids.ts'
import type { StreamCursor } from '../../core/intake.ts'
import type { QuarantineEntry } from '../../ledger/copies.ts'
import type { LedgerBatch } from '../../ledger/port.ts'
import { EMPTY_BATCH } from '../../ledger/port.ts'

export const T0 = Date.UTC(2026, 0, 1)

/** What one writer knows: the records after everything it accepted, and the events in order. */
export interface Chronicle {
  readonly records: Map<LogId, LogRecord>
  readonly events: Map<LogId, RunEvent[]>
  /** The batch these events make, without remembering it. */
  propose(events: readonly SourceEvent[], rest?: Partial<LedgerBatch>): LedgerBatch
  /** Takes a batch over: what comes next builds on it. */
  keep(batch: LedgerBatch): LedgerBatch
  /** Proposes and keeps. */
  tell(events: readonly SourceEvent[], rest?: Partial<LedgerBatch>): LedgerBatch
}

export function chronicle(): Chronicle {
  const records = new Map<LogId, LogRecord>()
  const events = new Map<LogId, RunEvent[]>()

  const propose: Chronicle['propose'] = (told, rest) => {
    const { changes } = accept((log) => records.get(log), told)
    return { ...EMPTY_BATCH, logs: changes.map(toWrite), ...rest }
  }
  const keep: Chronicle['keep'] = (batch) => {
    for (const write of batch.logs) {
      records.set(write.log, write.record)
      events.set(write.log, [...(events.get(write.log) ?? []), ...write.events])
    }
    return batch
  }
  return { records, events, propose, keep, tell: (told, rest) => keep(propose(told, rest)) }
}

const toWrite = ({ log, base, events, record, relisted }: LogChange): LedgerBatch['logs'][number] => ({
  log,
  base,
  events,
  record,
  relisted,
})

let told = 0

/** One event of a source. @throws Error when the decoder would refuse it. */
export function tells(log: LogId, type: string, payload: unknown, at = 0, stream = 'live'): SourceEvent {
  told += 1
  const decoded = decodeEvent({ log, type, payload, position: told, timestamp: T0 + at }, stream)
  if (decoded.kind !== 'event') throw new Error(JSON.stringify(decoded))
  return decoded.event
}

export function started(log: LogId, at = 0, fields: Record<string, unknown> = {}): SourceEvent {
  return isRunLog(log)
    ? tells(log, 'run.registered', { status: 'running', ...fields }, at)
    : tells(log, 'workflow.registered', { definitionId: 'd', phases: [], status: 'running', ...fields }, at)
}

export function ended(log: LogId, at = 0, to = 'completed'): SourceEvent {
  const type = isRunLog(log) ? 'run.transitioned' : 'workflow.transitioned'
  return tells(log, type, { to, trigger: 'result_received', summary: 'Done.' }, at)
}

/** Events that differ from each other and move little. */
export function chatter(log: LogId, count: number, at = 0): SourceEvent[] {
  return Array.from({ length: count }, (_, index) =>
    tells(log, 'foreign', { source: 'test', name: 'note', value: { index } }, at + index),
  )
}

export const cursor = (stream: string, position: number): StreamCursor => ({
  stream,
  position,
  gaps: [],
  keys: [],
})

export function command(id: string, log: LogId, state: RunCommand['state'] = 'sending'): RunCommand {
  return {
    id,
    log,
    verb: 'stop',
    payload: null,
    idempotencyKey: id,
    attempt: 1,
    sender: 'page',
    state,
    createdAt: T0,
    expiresAt: T0 + 3_600_000,
    settledAt: null,
    detail: null,
  }
}

export const refused = (reason: string): QuarantineEntry => ({
  id: reason,
  stream: 'live',
  position: null,
  reason,
  raw: '{}',
  at: T0,
})

/** Something for every store of a ledger, all in one batch. */
export function fullBatch(story: Chronicle, tag: string): LedgerBatch {
  const run: LogId = `r:${tag}`
  const flow: LogId = `w:${tag}`
  return story.propose([started(run), ...chatter(run, 3), started(flow)], {
    blobs: [{ ref: `blob-${tag}`, text: `text of ${tag}` }],
    cursors: [cursor(`stream-${tag}`, 4)],
    commands: [command(`command-${tag}`, run)],
    quarantine: [refused(`odd-${tag}`)],
    durability: 'strict',
  })
}

/** A generator that gives the same numbers for the same seed; `below(n)` is an integer in [0, n). */
export function seeded(seed: number): {
  below(limit: number): number
  pick<Item>(items: readonly Item[]): Item
} {
  let state = seed
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    pick: (items) => {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}

/** Anything a log may hold, in no order that makes sense. */
export function randomEvent(random: ReturnType<typeof seeded>, log: LogId, at: number): SourceEvent {
  const say = (type: string, payload: unknown) =>
    tells(log, type, payload, at, random.pick(['live', 'live', 'other']))
  const inferred = random.below(2) === 0
  if (!isRunLog(log)) {
    const to = random.pick(['running', 'completed', 'failed', 'paused'])
    return random.pick([
      () => started(log, at),
      () => say('workflow.transitioned', { to, trigger: 'errored', inferred }),
      () => say('workflow.attempt_started', { trigger: 'restart', status: 'running' }),
      () => say('phase.transitioned', { phase: random.pick(['plan', 'write']), to: 'running' }),
      () => say('run.linked', { childRunId: `child-${random.below(3)}` }),
    ])()
  }
  const callId = `call-${random.below(4)}`
  const to = random.pick(['running', 'idle', 'awaiting_user', 'completed', 'failed', 'interrupted'])
  return random.pick([
    () => started(log, at, { parentThreadId: 'thread', metadata: { at } }),
    () => say('run.transitioned', { to, trigger: 'process_exited', inferred }),
    () => say('run.attempt_started', { trigger: 'restart', status: 'running' }),
    () => say('tool.started', { callId, name: 'read', args: '{"path":"a"}' }),
    () => say('tool.finished', { callId, name: 'read', status: 'completed', output: 'text' }),
    () => say('question.asked', { questionId: `q-${random.below(3)}`, prompt: 'Which?' }),
    () => say('question.settled', { questionId: `q-${random.below(3)}`, state: 'answered', answer: 'yes' }),
    () => say('usage.reported', { key: callId, scope: 'own', inputTokens: random.below(99), costUsd: 0.25 }),
    () => say('checkpoint.saved', { state: 'state' }),
    () => say('foreign', { source: 'test', name: 'note', value: { text: '\u2028 " \\ é 🜁' } }),
  ])()
}

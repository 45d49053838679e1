/**
 * Owns which run a session log belongs to, in a folder and beyond it: records say it, those of earlier imports too. What
 * a session tells is folded before the end of its run; a session that came before its record keeps its own run, and
 * stands under the one it turns out to be of.
 */
import type { AgentRun } from '../../core/entities.ts'
import { runLog } from '../../core/ids.ts'
import type { RunStatusName } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'
import type { HarnEvent } from './facts.ts'
import { memberId } from './facts.ts'
import { isObject, objectsIn, textOf } from './records.ts'
import type { JsonObject } from './records.ts'
import type { Skipped } from './report.ts'
import { importHarnSession, sessionStream } from './session.ts'
import type { SessionImport } from './session.ts'

/** What earlier imports left in the ledger. */
export interface HarnKnown {
  /** The run of each session that a record named: `harnKnown` finds it in their runs. */
  sessionRuns?: ReadonlyMap<string, string>
  /** Sessions that came before any record of them, and have a run of their own. */
  standing?: ReadonlySet<string>
}

/** What the runs of a ledger tell of sessions. */
export function harnKnown(runs: Iterable<Pick<AgentRun, 'id' | 'origin' | 'metadata'>>): HarnKnown {
  const sessionRuns = new Map<string, string>()
  const standing = new Set<string>()
  for (const { id, origin, metadata } of runs) {
    if (origin?.source !== 'harn') continue
    const { sessionId, harnSession } = metadata ?? {}
    if (typeof sessionId === 'string') sessionRuns.set(sessionId, id)
    if (harnSession === id) standing.add(id)
  }
  return { sessionRuns, standing }
}

export interface SessionRuns {
  /** As the records at hand say; null where two runs lay claim to a session. */
  runs: Map<string, string | null>
  known: HarnKnown
}

interface Told {
  /** By file, in the order they are to be folded. */
  events: Map<string, HarnEvent[]>
  skipped: Skipped[]
  notes: string[]
}

const runOf = ({ runs, known }: SessionRuns, session: string): string | null => {
  if (known.standing?.has(session)) return null
  return runs.has(session) ? (runs.get(session) ?? null) : (known.sessionRuns?.get(session) ?? null)
}

/** Notes whose sessions a record names. */
export function noteSessions(runs: SessionRuns['runs'], record: JsonObject, runId: string): void {
  const note = (session: string | null, run: string): void => {
    if (session === null) return
    const known = runs.get(session)
    runs.set(session, known === undefined || known === run ? run : null)
  }
  const metadata = record['metadata']
  if (isObject(metadata)) note(textOf(metadata['session_id']), runId)
  for (const stage of objectsIn(record['stages'])) {
    const about = stage['metadata']
    const id = textOf(stage['id'])
    if (!isObject(about) || id === null) continue
    note(textOf(about['session_id']), memberId(runId, id))
    const { worker } = about
    if (!isObject(worker) || textOf(worker['id']) === null || !isObject(worker['audit'])) continue
    note(textOf(worker['audit']['session_id']), memberId(runId, textOf(worker['id']) ?? ''))
  }
  for (const child of objectsIn(record['child_runs'])) {
    const worker = textOf(child['worker_id'])
    if (worker !== null) note(textOf(child['session_id']), memberId(runId, worker))
  }
}

/** Takes a session log in; gives back the sessions in it. */
export function takeSession(
  { path, text }: { path: string; text: string },
  sessions: SessionRuns,
  { events, skipped, notes }: Told,
): SessionImport['sessions'] {
  const read = importHarnSession(text, { path, runOf: (session) => runOf(sessions, session) })
  const told = new Set([...events.values()].flat().flatMap(markOf))
  const fresh = read.events.filter((each) => !markOf(each).some((mark) => told.has(mark)))
  if (fresh.length < read.events.length)
    notes.push(`${path}: ${read.events.length - fresh.length} marks are told by the run record already.`)
  skipped.push(...read.report.skipped)
  notes.push(...read.report.notes.map((sentence) => `${path}: ${sentence}`))
  events.set(path, placeBeforeEnds(events, fresh))
  return read.sessions
}

/** Compactions and handoffs are told by record and session alike, with one id. */
function markOf({ event }: HarnEvent): string[] {
  if (event.type !== 'transcript.compacted' && event.type !== 'handoff.recorded') return []
  const { id } = event.payload as { id?: unknown }
  return typeof id === 'string' ? [`${event.type} ${id}`] : []
}

/** What a session tells of a recorded run happened before that run ended, and is folded there. Gives back the rest. */
function placeBeforeEnds(all: Told['events'], told: readonly HarnEvent[]): HarnEvent[] {
  const byLog = new Map<string, HarnEvent[]>()
  for (const each of told) {
    const known = byLog.get(each.event.log)
    if (known === undefined) byLog.set(each.event.log, [each])
    else known.push(each)
  }
  return [...byLog].flatMap(([log, events]) => {
    for (const [path, known] of all) {
      const end = known.findLastIndex(({ event }) => event.log === log && isEnd(event))
      if (end === -1) continue
      all.set(path, [...known.slice(0, end), ...events, ...known.slice(end)])
      return []
    }
    return events
  })
}

function isEnd({ type, payload }: HarnEvent['event']): boolean {
  const { to, status } = payload as { to?: RunStatusName; status?: RunStatusName }
  const reached = type === 'run.transitioned' ? to : type === 'run.observed' ? status : undefined
  return reached !== undefined && isSettled(reached)
}

/**
 * A session that has a run of its own is linked under the run that a record names, and its figures are part of that
 * run's: they are not added a second time.
 */
export function linkStanding({ runs, known }: SessionRuns, told: Told['events']): readonly HarnEvent[] {
  const all = [...told.values()].flat()
  return [...runs].flatMap(([session, parentRunId]) => {
    if (parentRunId === null || parentRunId === session || !known.standing?.has(session)) return []
    const stream = sessionStream(session)
    const first = all.find(({ event }) => event.log === runLog(parentRunId))
    if (first === undefined) return []
    const place = { log: runLog(session), timestamp: first.event.timestamp }
    const usage = { key: 'recorded', scope: 'subtree' }
    return [
      {
        stream,
        event: {
          ...place,
          type: 'run.linked',
          payload: { parentRunId },
          position: `recorded:${parentRunId}`,
        },
      },
      { stream, event: { ...place, type: 'usage.reported', payload: usage, position: 'recorded:usage' } },
    ]
  })
}

/**
 * Owns importing harn's files. Pure: no clock, no chance, nothing is kept between two calls; the same file gives the same
 * events, a newer file of the same run those and its new ones. SPEC A1, A2, A3.
 */
import { accept } from '../../core/accept.ts'
import { prepare } from '../../core/content.ts'
import { decodeEvent } from '../../core/decode.ts'
import type { Json, RunRecord, WorkflowRecord } from '../../core/entities.ts'
import type { SourceEvent } from '../../core/events.ts'
import { eventIdentity } from '../../core/ids.ts'
import { clean } from './clean.ts'
import type { MergePolicy } from './context.ts'
import { createFacts } from './facts.ts'
import type { HarnEvent } from './facts.ts'
import { createKeeper } from './keep.ts'
import { findRecords } from './read.ts'
import type { JsonObject } from './records.ts'
import { isObject } from './records.ts'
import type { HarnReport, ReportBuilder } from './report.ts'
import { createReport } from './report.ts'
import { readRun } from './run.ts'
import type { RunFacts } from './run.ts'
import { byTimeThenId } from './times.ts'

export interface HarnImportOptions {
  /**
   * How two tellings of one worker unite. `fill` (harn's own repair, the default) keeps what is known and fills what is
   * missing; `newest` lets the later one in the list replace the earlier. Stages only ever fill.
   */
  children?: MergePolicy
  /** Entries of harn's `hitl.*` topics, as a list or as JSON Lines: they know answers, and win over the record's list. */
  hitlLog?: string | readonly unknown[]
  /** The run that delegated to this one. */
  parentRunId?: string
}

export interface HarnEntities {
  /** Of the first record; most files have one. */
  workflow: WorkflowRecord | null
  workflows: readonly WorkflowRecord[]
  runs: readonly RunRecord[]
}

export interface HarnImport {
  /** What the events fold to. */
  entities: HarnEntities
  /** For `runs.importEvents`. */
  events: readonly HarnEvent[]
  report: HarnReport
}

/** Imports a run record, a list of them, JSON Lines of them, or a session bundle; as text or as parsed JSON. */
export function importHarnRun(input: unknown, options: HarnImportOptions = {}): HarnImport {
  const { records: _records, ...imported } = importRecords(input, options)
  return imported
}

/** The same, with each record as it was let in and the id of the run it became. */
export function importRecords(
  input: unknown,
  options: HarnImportOptions = {},
): HarnImport & { records: readonly { runId: string; record: JsonObject }[] } {
  const report = createReport()
  const found = findRecords(input, report)
  const hitlLog = readLog(options.hitlLog, report)
  const { children = 'fill', parentRunId } = options
  const runs = found.map(({ record, bundle }) => {
    const facts = readRun(record, { children, hitlLog, parentRunId }, report)
    if (bundle === null) return facts
    const about = createFacts(facts.runId)
    createKeeper(about, `w:${facts.runId}`, [facts.savedAt]).keep('session_bundle', bundle)
    return { ...facts, events: [...facts.events, ...about.events()] }
  })
  const { events, repeated } = unite(runs)
  const { entities, refused } = foldEvents(events)
  for (const { path, reason } of refused) report.skip(path, reason)
  const counts = { records: found.length, imported: events.length - refused.length, repeated }
  const records = runs.map(({ runId }, at) => ({ runId, record: found[at]?.record ?? {} }))
  return { entities, events, report: report.build(counts), records }
}

/** Several files of one run are told oldest first, as they were written; what was told is not told again. */
function unite(runs: readonly RunFacts[]): { events: readonly HarnEvent[]; repeated: number } {
  const known = new Set<string>()
  const events: HarnEvent[] = []
  let repeated = 0
  const files = new Map<string, RunFacts[]>()
  for (const run of runs) files.set(run.runId, [...(files.get(run.runId) ?? []), run])
  const inOrder = [...files.values()].flatMap((same) =>
    same.toSorted((a, b) => (a.savedAt ?? 0) - (b.savedAt ?? 0)),
  )
  for (const run of inOrder) {
    repeated += run.repeated
    for (const { stream, event } of run.events) {
      const identity = eventIdentity({ stream, position: event.position })
      if (known.has(identity)) repeated += 1
      else events.push({ stream, event })
      known.add(identity)
    }
  }
  return { events, repeated }
}

/** What the ledger would make of the events, by its own decoder and fold. */
export function foldEvents(events: readonly HarnEvent[]): {
  entities: HarnEntities
  refused: readonly { path: string; reason: string }[]
} {
  const decoded: SourceEvent[] = []
  const refused: { path: string; reason: string }[] = []
  for (const { stream, event } of events) {
    const result = decodeEvent(event, stream)
    if (result.kind !== 'event') {
      refused.push({
        path: String(event.position),
        reason: result.kind === 'bad' ? result.reason : 'transient',
      })
      continue
    }
    const prepared = prepare(result.event)
    if (prepared.ok) decoded.push(prepared.prepared.event)
    else refused.push({ path: String(event.position), reason: prepared.reason })
  }
  const records = accept(() => undefined, decoded).changes.map(({ record }) => record)
  const workflows = records.filter((record) => record.entity === 'workflow')
  const runs = records
    .filter((record) => record.entity === 'run')
    .toSorted(
      byTimeThenId(
        ({ run }) => run.createdAt,
        ({ run }) => run.id,
      ),
    )
  return { entities: { workflow: workflows[0] ?? null, workflows, runs }, refused }
}

function readLog(log: HarnImportOptions['hitlLog'], report: ReportBuilder): readonly Json[] {
  if (log === undefined) return []
  const entries = typeof log === 'string' ? linesOf(log, report) : log
  const cleaned = clean(entries, 'hitlLog', report)
  return Array.isArray(cleaned) ? (cleaned as readonly Json[]) : []
}

function linesOf(text: string, report: ReportBuilder): unknown[] {
  return text.split(/\r?\n/).flatMap((line, at) => {
    if (line.trim() === '') return []
    try {
      const entry: unknown = JSON.parse(line)
      return isObject(entry) ? [entry] : Array.isArray(entry) ? entry : []
    } catch {
      report.skip(`hitlLog line ${at + 1}`, 'It is not JSON.')
      return []
    }
  })
}

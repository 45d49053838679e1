/**
 * Owns a folder of harn's files as one import: run records with the runs they delegated to, sessions on the runs they
 * belong to, what lies beside the records. Every file is told of in the report. harn-agentd A7, C2 15, 26.
 */
import type { LogId } from '../../core/ids.ts'
import { runLog, workflowLog } from '../../core/ids.ts'
import type { HarnEvent } from './facts.ts'
import { memberId } from './facts.ts'
import { linkStanding, noteSessions, takeSession } from './folderSessions.ts'
import type { HarnKnown, SessionRuns } from './folderSessions.ts'
import { harnFileKind, normal, resolvePath } from './folderFiles.ts'
import type { HarnFileKind } from './folderFiles.ts'
import { importRecords } from './importRun.ts'
import { isObject, objectsIn, textOf } from './records.ts'
import type { JsonObject } from './records.ts'
import type { DroppedSecrets, Skipped } from './report.ts'
import { importHarnSidecar, sidecarPath } from './sidecar.ts'

export interface HarnFile {
  path: string
  text: string
}

export interface HarnFolderImport {
  events: readonly HarnEvent[]
  /** What was told at the top: the run, or the session, a person most likely means. Null when nothing was. */
  opens: LogId | null
  report: HarnFolderReport
}

export interface HarnFolderReport {
  files: readonly { path: string; kind: HarnFileKind; events: number }[]
  runs: number
  sessions: number
  imported: number
  repaired: readonly string[]
  skipped: readonly Skipped[]
  secrets: readonly DroppedSecrets[]
  notes: readonly string[]
}

/** Runs may delegate this deep; what lies deeper is imported as runs of their own. */
const MOST_DEPTH = 32

/**
 * Pure: the same files, in any order, give the same events. `known` is what earlier imports left in the ledger: a record
 * and a session log that come apart are one all the same.
 */
export function importHarnFolder(files: Iterable<HarnFile>, known: HarnKnown = {}): HarnFolderImport {
  const gathered: Gathered = {
    byPath: new Map(),
    events: new Map(),
    sessions: { runs: new Map(), known },
    children: [],
    lists: newLists(),
  }
  const sorted = [...files].map(({ path, text }) => ({ path: normal(path), text })).toSorted(byPath)
  for (const { path, text } of sorted)
    gathered.byPath.set(path, { path, text, kind: harnFileKind(text, path) })

  const kinds = (kind: HarnFileKind) => [...gathered.byPath.values()].filter((file) => file.kind === kind)
  for (const file of kinds('run')) takeRun(gathered, file)
  const roots = linkChildren(gathered)
  for (const file of kinds('sidecar')) takeSidecar(gathered, file)
  const { lists } = gathered
  const sessions = kinds('session').map((file) =>
    takeSession(file, gathered.sessions, { ...lists, events: gathered.events }),
  )
  const linked = linkStanding(gathered.sessions, gathered.events)
  for (const file of kinds('unknown'))
    lists.skipped.push({ path: file.path, reason: 'It is none of harn’s files.' })
  for (const file of kinds('archive'))
    lists.skipped.push({ path: file.path, reason: 'It is an archive of a run ledger: import it by itself.' })

  const events = [...[...gathered.events.values()].flat(), ...linked]
  const alone = sessions.flat().find(({ isRecorded }) => !isRecorded) ?? sessions.flat()[0]
  const [root] = roots
  return {
    events,
    opens: root !== undefined ? workflowLog(root) : alone === undefined ? null : runLog(alone.runId),
    report: {
      files: sorted.map(({ path }) => ({
        path,
        kind: gathered.byPath.get(path)?.kind ?? 'unknown',
        events: gathered.events.get(path)?.length ?? 0,
      })),
      runs: new Set(gathered.children.map(({ runId }) => runId)).size,
      sessions: sessions.flat().length,
      imported: events.length,
      ...lists,
    },
  }
}

interface OpenFile extends HarnFile {
  kind: HarnFileKind
}

interface Delegated {
  /** The file of the record, and the run in it. */
  path: string
  runId: string
  workers: readonly { workerId: string; runPath: string }[]
}

interface Gathered {
  byPath: Map<string, OpenFile>
  /** By file, in the order they are to be folded. */
  events: Map<string, HarnEvent[]>
  sessions: SessionRuns
  children: Delegated[]
  lists: Lists
}

type Lists = { [Name in 'repaired' | 'notes']: string[] } & { skipped: Skipped[]; secrets: DroppedSecrets[] }

const newLists = (): Lists => ({ repaired: [], notes: [], skipped: [], secrets: [] })

const byPath = (a: HarnFile, b: HarnFile): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)

function takeRun(gathered: Gathered, { path, text }: OpenFile): void {
  const { events, report, records } = importRecords(text)
  gathered.events.set(path, [...events])
  const { lists } = gathered
  const inFile = <Item extends { path: string }>(item: Item): Item => ({
    ...item,
    path: `${path}: ${item.path}`,
  })
  lists.skipped.push(...report.skipped.map(inFile))
  lists.secrets.push(...report.secrets.map(inFile))
  lists.repaired.push(...report.repaired.map((sentence) => `${path}: ${sentence}`))
  lists.notes.push(...report.notes.map((sentence) => `${path}: ${sentence}`))
  for (const { runId, record } of records) {
    noteSessions(gathered.sessions.runs, record, runId)
    gathered.children.push({ path, runId, workers: delegatedOf(record) })
  }
}

/** Whom a record says it delegated to, and where that run is written down. */
function delegatedOf(record: JsonObject): Delegated['workers'] {
  const fromStages = objectsIn(record['stages']).flatMap((stage) => {
    const metadata = stage['metadata']
    const worker = isObject(metadata) ? metadata['worker'] : null
    if (!isObject(worker)) return []
    return [{ workerId: textOf(worker['id']), runPath: textOf(worker['child_run_path']) }]
  })
  const listed = objectsIn(record['child_runs']).map((child) => ({
    workerId: textOf(child['worker_id']),
    runPath: textOf(child['run_path']),
  }))
  const seen = new Set<string>()
  return [...listed, ...fromStages].flatMap(({ workerId, runPath }) => {
    if (workerId === null || runPath === null || seen.has(workerId)) return []
    seen.add(workerId)
    return [{ workerId, runPath }]
  })
}

/** Ties each delegated run to the worker that did it; gives back the runs nobody delegated. */
function linkChildren(gathered: Gathered): readonly string[] {
  const { children, lists } = gathered
  const at = new Map(children.toReversed().map((each) => [each.path, each]))
  const paths = new Set(at.keys())
  const named = new Set(
    children.flatMap((each) =>
      each.workers.flatMap(({ runPath }) => resolvePath(paths, runPath, each.path) ?? []),
    ),
  )
  const seen = new Set<string>()
  const delegated = new Set<string>()
  const visit = (parent: Delegated, trail: readonly string[]): void => {
    if (seen.has(parent.runId)) return
    seen.add(parent.runId)
    for (const { workerId, runPath } of parent.workers) {
      const child = at.get(resolvePath(paths, runPath, parent.path) ?? '')
      if (child === undefined) {
        lists.notes.push(`${parent.path}: the run of worker ${workerId} is not among the files (${runPath}).`)
      } else if (trail.includes(child.path)) {
        lists.notes.push(
          `${parent.path}: worker ${workerId} leads back to ${child.path}; the circle is cut there.`,
        )
      } else if (trail.length >= MOST_DEPTH) {
        lists.notes.push(`${child.path}: nested deeper than ${MOST_DEPTH} runs, so it stands by itself.`)
      } else if (!delegated.has(child.runId)) {
        delegated.add(child.runId)
        link(gathered, parent, workerId, child)
        visit(child, [...trail, child.path])
      }
    }
  }
  // First those that nobody names; what is left after that is a circle, entered at its first file.
  for (const each of [...children.filter(({ path }) => !named.has(path)), ...children])
    visit(each, [each.path])
  return children.filter(({ runId }) => !delegated.has(runId)).map(({ runId }) => runId)
}

/** The delegated run has the worker above it. The key is of the two ids: the same folder again says it again. */
function link(gathered: Gathered, parent: Delegated, workerId: string, child: Delegated): void {
  const events = gathered.events.get(child.path)
  const first = events?.find(({ event }) => event.log === runLog(child.runId))
  if (events === undefined || first === undefined) return
  const parentRunId = memberId(parent.runId, workerId)
  const event = {
    log: runLog(child.runId),
    type: 'run.linked',
    payload: { parentRunId },
    timestamp: first.event.timestamp,
    position: `delegated:${parentRunId}`,
  }
  events.push({ stream: first.stream, event })
}

function takeSidecar(gathered: Gathered, { path, text }: OpenFile): void {
  const owner = gathered.children.find((each) => sidecarPath(each.path) === path)
  if (owner === undefined) {
    gathered.lists.skipped.push({ path, reason: 'The run record it belongs to is not among the files.' })
    return
  }
  const [first] = gathered.events.get(owner.path) ?? []
  const read = importHarnSidecar(text, { runId: owner.runId, path, at: first?.event.timestamp ?? null })
  gathered.events.set(path, [...read.events])
  gathered.lists.skipped.push(...read.skipped)
  if (read.torn) gathered.lists.notes.push(`${path}: the file ends within a line; that line is left out.`)
}

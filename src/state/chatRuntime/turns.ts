/** Owns one turn of a conversation: whose subagents are its own, its rows, and what it says and does, in order. */
import type { AgentRun } from '../../core/entities.ts'
import { isSettled } from '../../core/status.ts'
import type { ThreadRun } from '../chatRuntimeSlice.ts'
import type { ProsePiece } from './heard.ts'
import { known } from './known.ts'
import { memoize } from './memo.ts'
import { mergeByTime } from './merge.ts'
import { byCreation, isTurn } from './parts.ts'
import type { RunParts } from './parts.ts'
import { deedsOf } from './rows.ts'
import { isDetached } from './subagents.ts'
import type {
  InferenceStatus,
  ProcessingItem,
  StreamingAssistant,
  ToolTimelineRow,
  TurnLifecycle,
} from './types.ts'

/** Ancestors looked at for a turn: a lineage that runs in a circle ends somewhere. */
const ANCESTORS = 20

export interface Turn {
  /** Null: subagents of a thread without turns. */
  parts: RunParts | null
  /** What it launched, at any depth. */
  subagents: readonly RunParts[]
}

/** The turns of a thread, oldest first, each with the subagents it launched or went on with. */
export function turnsOf(all: readonly RunParts[]): readonly Turn[] {
  const runs = new Map(all.map(({ record }) => [record.run.id, record.run]))
  const turns = all.filter(({ record }) => isTurn(record.run)).toSorted(byCreation)
  const owned = new Map<RunParts | null, RunParts[]>(turns.map((parts) => [parts, []]))
  for (const each of all) {
    if (each.record.run.kind === 'background_agent') continue
    const launchers = turnIdsOf(each.record.run, runs)
    const owners = turns.filter(({ record }) => launchers.has(record.run.id))
    for (const owner of owners.length > 0 ? owners : [turnAt(turns, each)]) {
      const subagents = owned.get(owner)
      if (subagents === undefined) owned.set(owner, [each])
      else subagents.push(each)
    }
  }
  return [...owned].map(([parts, subagents]) => ({ parts, subagents }))
}

/** Which turns a subagent works for: those it was announced in, or those its parents were. */
function turnIdsOf(run: AgentRun, runs: ReadonlyMap<string, AgentRun>): ReadonlySet<string> {
  const turns = new Set<string>()
  const seen = new Set<string>([run.id])
  const open: AgentRun[] = [run]
  for (let next = open.pop(); next !== undefined && seen.size <= ANCESTORS; next = open.pop()) {
    for (const id of [next.parentRunId, ...next.formerParentRunIds]) {
      const parent = id === null ? undefined : runs.get(id)
      if (parent === undefined || seen.has(parent.id)) continue
      seen.add(parent.id)
      if (isTurn(parent)) turns.add(parent.id)
      else open.push(parent)
    }
  }
  return turns
}

/** A run that no turn is known to have launched is shown in the turn it began in. */
function turnAt(turns: readonly RunParts[], { record }: RunParts): RunParts | null {
  const { createdAt } = record.run
  return turns.findLast((turn) => turn.record.run.createdAt <= createdAt) ?? turns[0] ?? null
}

export interface TurnView {
  rows: readonly ToolTimelineRow[]
  processing: readonly ProcessingItem[]
}

/** `key` is what is remembered for: the turn's run. */
export const toTurnView = memoize(
  (key: ThreadRun, parts: RunParts | null, subagents: readonly RunParts[]): TurnView => {
    const deeds = deedsOf(parts, subagents)
    const rows = keepKnown(
      key,
      deeds.map(({ row }) => row),
    )
    const processing = mergeByTime(parts?.prose ?? [], deeds, toWords, ({ row }, seq): ProcessingItem => {
      const { id, name, round, callId } = row
      return { kind: 'toolCall', seq, round, rowId: id, name, ...known({ callId }) }
    })
    return { rows, processing }
  },
)

const toWords = ({ kind, iteration, text }: ProsePiece, seq: number): ProcessingItem => ({
  kind: kind === 'text' ? 'narration' : 'thinking',
  seq,
  text,
  ...known({ round: iteration }),
})

const shown = new WeakMap<ThreadRun, ReadonlyMap<string, ToolTimelineRow>>()

/** Rows that are as they were stay the same objects, so that they are not drawn again. */
function keepKnown(key: ThreadRun, rows: readonly ToolTimelineRow[]): readonly ToolTimelineRow[] {
  const before = shown.get(key)
  const kept = rows.map((row) => {
    const last = before?.get(row.id)
    return last !== undefined && isEqual(last, row) ? last : row
  })
  shown.set(key, new Map(kept.map((row) => [row.id, row])))
  return kept
}

function isEqual(a: ToolTimelineRow, b: ToolTimelineRow): boolean {
  if (a.failure?.cause_plain !== b.failure?.cause_plain) return false
  const names = Object.keys({ ...a, ...b }) as (keyof ToolTimelineRow)[]
  return names.every((name) => name === 'failure' || Object.is(a[name], b[name]))
}

/** It moves with the turn, never with its children. */
export function lifecycleOfTurn({ record, prose, calls }: RunParts): TurnLifecycle | null {
  const { status, iteration } = record.run
  if (status === 'interrupted') return 'interrupted'
  if (isSettled(status)) return null
  const hasBegun = iteration > 0 || prose.length > 0 || calls.length > 0
  return hasBegun || (status !== 'pending' && status !== 'starting') ? 'streaming' : 'started'
}

/** What it says in its present iteration; null when this page heard nothing of it. */
export function streamOf({ record, prose }: RunParts): StreamingAssistant | null {
  const last = prose.at(-1)
  if (last === undefined) return null
  const said = (kind: ProsePiece['kind']): string =>
    prose
      .filter((piece) => piece.kind === kind && piece.iteration === last.iteration)
      .map(({ text }) => text)
      .join('')
  return { requestId: record.run.id, content: said('text'), thinking: said('thinking') }
}

/** What the turn waits for: the tool or the subagent it turned to last, else its own thoughts. */
export function inferenceStatusOf(
  { record }: RunParts,
  rows: readonly ToolTimelineRow[],
  subagents: readonly RunParts[],
): InferenceStatus {
  const { id, iteration, maxIterations } = record.run
  const blocking = new Set(
    subagents.flatMap(({ record: { run } }) => (!isDetached(run) && run.parentRunId === id ? run.id : [])),
  )
  const busy = rows.findLast(
    ({ status, unconfirmed, subagent }) =>
      status === 'running' && !unconfirmed && (subagent === undefined || blocking.has(subagent.taskId)),
  )
  const progress = { iteration, maxIterations: maxIterations ?? 0 }
  if (busy === undefined) return { phase: 'thinking', ...progress }
  return busy.subagent === undefined
    ? { phase: 'tool_use', ...progress, activeTool: busy.name }
    : { phase: 'subagent', ...progress, activeSubagent: busy.subagent.agentId }
}

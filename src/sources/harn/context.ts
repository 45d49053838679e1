/** Owns what the readers of one run record share. */
import type { Json } from '../../core/entities.ts'
import { runLog, workflowLog } from '../../core/ids.ts'
import type { RunLogId, WorkflowLogId } from '../../core/ids.ts'
import type { Facts } from './facts.ts'
import { harnStream } from './facts.ts'
import type { Keeper } from './keep.ts'
import type { JsonObject, Read, Run, STAGE, ReadItem } from './records.ts'
import type { ReportBuilder } from './report.ts'
import { toEpochMs } from './times.ts'

export type MergePolicy = 'fill' | 'newest'

export interface RunContext {
  runId: string
  run: Run
  raw: JsonObject
  metadata: JsonObject
  /** The run's own words, and what it made of them. */
  facts: Facts
  keeper: Keeper
  report: ReportBuilder
  workflowLog: WorkflowLogId
  /** The log of the run's own agent: what the run did as a whole. */
  agentLog: RunLogId
  /** Where facts of the run as a whole stand: a resumed run's in a part of their own. */
  stream: string
  part: 1 | 2
  startedAt: number | null
  finishedAt: number | null
  /** The newest time the file knows. */
  savedAt: number | null
  /** Whether the file says that the run is over. */
  isOver: boolean
  stages: readonly StageItem[]
  /** The same by harn's id. */
  stageById: ReadonlyMap<string, StageItem>
}

export interface StageItem extends ReadItem<typeof STAGE> {
  value: Read<typeof STAGE>
  /** harn's id, or one made of the content. */
  stageId: string
  /** The id of the stage's run. */
  id: string
  node: string
  startedAt: number | null
  finishedAt: number | null
}

/** The stage harn means by that id, if the file has it. */
export const stageOf = ({ stageById }: RunContext, stageId: string | null): StageItem | null =>
  stageId === null ? null : (stageById.get(stageId) ?? null)

/** The log of a stage by harn's id of it; the run's own when there is no such stage. */
export function logOfStage(context: RunContext, stageId: string | null): RunLogId {
  const stage = stageOf(context, stageId)
  return stage === null ? context.agentLog : runLog(stage.id)
}

export const logsOf = (runId: string) => ({ workflowLog: workflowLog(runId), agentLog: runLog(runId) })

export const streamOf = (runId: string, part: 1 | 2): string => harnStream(runId, part)

/** The times of a record as they were written, and which of them say nothing. */
export function timesOf(raw: JsonObject, names: readonly string[]): JsonObject {
  const written: Record<string, Json> = {}
  const unknown: string[] = []
  for (const name of names) {
    const value = raw[name] ?? null
    if (typeof value === 'string' || typeof value === 'number') written[name] = String(value).slice(0, 200)
    if (toEpochMs(value) === null) unknown.push(name)
  }
  return { times: written, ...(unknown.length > 0 && { timeUnknown: unknown }) }
}

/** Metadata without what is unknown. */
export const known = (fields: { readonly [key: string]: Json | undefined }): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).filter(
      (field): field is [string, Json] => field[1] !== null && field[1] !== undefined && field[1] !== '',
    ),
  )

/** Characters of JSON that a fact may carry beside what it says; the whole of it is kept in any case. */
const DETAILS = 12_000

export const details = (value: Json): { details?: Json } =>
  JSON.stringify(value).length <= DETAILS ? { details: value } : {}

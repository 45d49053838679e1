/**
 * Owns the action graph of a harn run: what started it, which stages ran after which, whom they delegated to. A pure
 * selector over what the import kept, in harn's words and ids; nothing of it is stored. harn-agentd A3, C2 22.
 */
import type { Json } from '../../core/entities.ts'
import { mergeActionGraphs, readActionGraph } from './actionGraphBlocks.ts'
import type { ActionGraph } from './actionGraphBlocks.ts'
import { graphOfRecord } from './actionGraphRecord.ts'
import { exportHarnRun } from './export.ts'
import type { KeptEvent } from './export.ts'
import { isObject } from './records.ts'
import type { JsonObject } from './records.ts'

/** The events of a run's log, or a run record as harn wrote it. */
export type GraphSource = readonly (KeptEvent | { event: KeptEvent })[] | JsonObject

/**
 * The graph of a run: as saved, with what the record itself tells, then with each live update. Null when there is no
 * record of harn in what was given.
 */
export function harnActionGraph(source: GraphSource, live: readonly Json[] = []): ActionGraph | null {
  const record = recordOf(source)
  if (record === null) return null
  const observability = record['observability']
  return [readActionGraph(observability ?? null), graphOfRecord(record), ...live.map(readActionGraph)].reduce(
    mergeActionGraphs,
  )
}

/** The record in a run's events. */
export function recordOf(source: GraphSource): JsonObject | null {
  if (isObject(source)) return source
  const { text } = exportHarnRun(source as readonly KeptEvent[])
  if (text === null) return null
  const record: unknown = JSON.parse(text)
  return isObject(record) ? record : null
}

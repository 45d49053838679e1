/**
 * Owns the marks that a transcript was shortened. The same compaction is told by the transcript, by the live stream and by
 * the record, flat or as a receipt: one mark each. What was not measured is null, never 0.
 */
import type { Json } from '../../core/entities.ts'
import { hashOf } from '../../core/contentKey.ts'
import type { RunContext } from './context.ts'
import { details, logOfStage, stageOf } from './context.ts'
import { compactionMark, MARKS } from './facts.ts'
import type { JsonObject } from './records.ts'
import { isObject, textOf, withoutNulls } from './records.ts'

interface Mark {
  ids: readonly string[]
  stageId: string | null
  told: JsonObject
}

/** Facts of all compactions of a run and its stages. */
export function addCompactions(context: RunContext): void {
  const { facts, startedAt, savedAt } = context
  for (const { ids, stageId, told } of gather(context)) {
    const [id = ''] = ids
    const log = logOfStage(context, stageId)
    const stage = stageOf(context, stageId)
    facts.add({
      log,
      stream: MARKS,
      type: 'transcript.compacted',
      payload: {
        before: measured(told, 'estimated_tokens_before', 'tokens_before'),
        after: measured(told, 'estimated_tokens_after', 'tokens_after'),
        archivedMessages: measured(told, 'archived_messages', 'archived_count'),
        id,
        available: told['available'] === true,
        // The migration mark of those written before there were receipts.
        schemaVersion: measured(told, 'schema_version') ?? 0,
        ...details(told),
      },
      key: compactionMark(id),
      at: [stage?.finishedAt ?? null, stage?.startedAt ?? null, startedAt, savedAt],
    })
  }
}

function gather(context: RunContext): readonly Mark[] {
  const { run, stages, report } = context
  const marks: Mark[] = []
  const places = new Map<string, number>()
  const put = (mark: Mark): void => {
    const at = mark.ids.map((id) => places.get(id)).find((place) => place !== undefined) ?? marks.length
    const known = marks[at]
    marks[at] =
      known === undefined
        ? mark
        : {
            ids: [...new Set([...known.ids, ...mark.ids])],
            stageId: known.stageId ?? mark.stageId,
            told: { ...mark.told, ...withoutNulls(known.told) },
          }
    for (const id of mark.ids) places.set(id, at)
  }
  for (const { raw, stageId } of stages)
    for (const mark of fromTranscript(raw['transcript'], stageId)) put(mark)
  for (const mark of fromTranscript(run.transcript ?? undefined, null)) put(mark)
  const observed = run.observability?.['compaction_events']
  if (Array.isArray(observed)) {
    observed.forEach((told: Json, at) => {
      const path = `observability.compaction_events[${at}]`
      if (!isObject(told)) return report.skip(path, 'expected an object')
      put({ ids: idsOf(told), stageId: textOf(told['stage_id']), told: flat(told) })
    })
  }
  return marks
}

function fromTranscript(transcript: Json | undefined, stageId: string | null): Mark[] {
  if (!isObject(transcript) || !Array.isArray(transcript['events'])) return []
  const assets = Array.isArray(transcript['assets']) ? (transcript['assets'] as readonly Json[]) : []
  const kept = new Set(assets.flatMap((asset) => (isObject(asset) ? [asset['id']] : [])))
  return (transcript['events'] as readonly Json[]).flatMap((event) => {
    if (!isObject(event) || event['kind'] !== 'compaction') return []
    const told = flat(event)
    const snapshot = textOf(told['snapshot_asset_id'])
    return [
      { ids: idsOf(event), stageId, told: { ...told, available: snapshot !== null && kept.has(snapshot) } },
    ]
  })
}

/** A receipt, flat metadata, or both: its fields side by side, the receipt's first. */
function flat(event: JsonObject): JsonObject {
  const { metadata, receipt, ...own } = event
  const { receipt: inner, ...about } = isObject(metadata) ? metadata : {}
  const outer = isObject(receipt) ? receipt : {}
  return { ...own, ...about, ...outer, ...(isObject(inner) ? inner : {}) }
}

/** The receipt's id is shared by all who tell of it; without any, the content is the id. */
function idsOf(event: JsonObject): readonly string[] {
  const metadata = isObject(event['metadata']) ? event['metadata'] : {}
  const receipts = [event['receipt'], metadata['receipt']].filter(isObject)
  const ids = [
    ...receipts.flatMap((each) => [each['receipt_id'], each['id']]),
    metadata['receipt_id'],
    event['receipt_id'],
    event['id'],
  ]
  const usable = [...new Set(ids.map(textOf).filter((id) => id !== null))]
  return usable.length > 0 ? usable : [`compaction_${hashOf(event)}`]
}

function measured(told: JsonObject, ...names: readonly string[]): number | null {
  const figure = names.map((name) => told[name]).find((each) => each !== undefined && each !== null)
  return typeof figure === 'number' && Number.isSafeInteger(figure) && figure >= 0 ? figure : null
}

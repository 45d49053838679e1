/**
 * Owns the marks of a session that its run record tells of as well: a transcript that was shortened, a handoff. Both put
 * them in the same place, so that each is there once.
 */
import { compactionMark, handoffMark } from './facts.ts'
import type { JsonObject } from './records.ts'
import type { Fact } from './sessionState.ts'
import { asLine } from './sessionState.ts'

export function compacted(event: JsonObject): Fact {
  const payload = toCompaction(event)
  const { id } = payload
  const mark = typeof id === 'string' ? compactionMark(id) : undefined
  return { type: 'transcript.compacted', payload, mark }
}

export function handedOn(artifactId: string, handoff: JsonObject): Fact {
  const payload = toHandoff(artifactId, handoff)
  return { type: 'handoff.recorded', payload, mark: handoffMark(String(payload['id'])) }
}

/** The receipt where there is one, flat fields elsewhere; what was not measured is null, never 0. */
function toCompaction(event: JsonObject): JsonObject {
  const receipt = event['receipt']
  const from = typeof receipt === 'object' && receipt !== null ? (receipt as JsonObject) : event
  const tokens = (...names: readonly string[]): number | null => {
    const figure = names.map((name) => from[name]).find((each) => each !== undefined && each !== null)
    return typeof figure === 'number' && Number.isSafeInteger(figure) && figure >= 0 ? figure : null
  }
  const id = from['receipt_id'] ?? from['id']
  return {
    before: tokens('estimated_tokens_before', 'tokens_before'),
    after: tokens('estimated_tokens_after', 'tokens_after'),
    id: typeof id === 'string' && id !== '' ? id : null,
    ...(from !== event && { details: from }),
  }
}

function toHandoff(artifactId: string, handoff: JsonObject): JsonObject {
  const to = handoff['target_persona_or_human']
  const target = (typeof to === 'object' && to !== null ? to : {}) as JsonObject
  const named = [target['label'], target['id'], target['name'], to].find((each) => typeof each === 'string')
  const id = handoff['id']
  return {
    target: asLine(named as string | undefined) ?? 'unknown',
    task: typeof handoff['task'] === 'string' ? asLine(handoff['task']) : null,
    id: typeof id === 'string' && id !== '' ? id : artifactId,
    details: handoff,
  }
}

/**
 * Owns what becomes of a child for its workflow, and whether what an agent returned is a result.
 */
import { toPlainJson } from '../core/bounds.ts'
import { CONTENT_LIMIT } from '../core/content.ts'
import type { Json } from '../core/entities.ts'
import { freeze, jsonText, line, readable } from './text.ts'

export interface ChildResult {
  runId: string
  agentId: string
  output: Json
  summary: string
  text: string
}

export type ChildOutcome =
  | { kind: 'completed'; result: ChildResult }
  | { kind: 'failed'; reason: string }
  | { kind: 'cancelled'; reason: string }
  /** Nothing was done for it. */
  | { kind: 'left'; reason: string }

export type CheckedResult =
  | { ok: true; output: Json; summary: string; text: string; json: string }
  | { ok: false; reason: string }

/** What an agent returned, if it is a result; agents are foreign code. */
export function checkResult(returned: unknown): CheckedResult {
  const plain = toPlainJson(returned)
  if (!plain.ok) return { ok: false, reason: `Its result holds ${plain.reason}.` }
  if (typeof plain.value !== 'object' || plain.value === null || Array.isArray(plain.value)) {
    return { ok: false, reason: 'It returned no result: an object with output and summary is expected.' }
  }
  const { output, summary, text } = plain.value as { readonly [key: string]: Json }
  if (output === undefined) return { ok: false, reason: 'Its result has no output.' }
  if (typeof summary !== 'string') return { ok: false, reason: 'The summary of its result is not a text.' }
  if (text !== undefined && typeof text !== 'string') {
    return { ok: false, reason: 'The text of its result is not a text.' }
  }
  const whole = text ?? readable(output)
  const json = jsonText(output)
  const chars = Math.max(whole.length, json.length)
  if (chars > CONTENT_LIMIT) {
    const reason = `Its result has ${chars} characters, at most ${CONTENT_LIMIT} can be kept.`
    return { ok: false, reason }
  }
  // Handed to several agents of later phases.
  return { ok: true, output: freeze(output), summary: line(summary), text: whole, json }
}

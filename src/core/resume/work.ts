/**
 * Owns what work is worth: what went into a run, and sums in which unknown stays unknown.
 */
import type { RunRecord } from '../entities.ts'
import type { WorkDone } from './plan.ts'

/** Nothing at all, which is known; told from figures that nobody reported by being this very object. */
export const NOTHING: WorkDone = Object.freeze({ toolCalls: 0, elapsedMs: 0, tokens: 0, costUsd: 0 })

export const workOf = ({ telemetry }: RunRecord): WorkDone => ({
  toolCalls: telemetry.toolCount,
  elapsedMs: telemetry.elapsedMs,
  tokens: known([telemetry.inputTokens, telemetry.outputTokens]),
  costUsd: telemetry.costUsd,
})

/** A checkpoint knows how many calls it holds, not what they cost; the rest of the run is beyond it. */
export function splitAt(record: RunRecord, calls: number): { kept: WorkDone; rest: WorkDone } {
  const beyond = Math.max(0, record.telemetry.toolCount - calls)
  const unknown = { elapsedMs: null, tokens: null, costUsd: null }
  return { kept: { toolCalls: calls, ...unknown }, rest: { toolCalls: beyond, ...unknown } }
}

export function sumOf(parts: readonly WorkDone[]): WorkDone {
  const counted = parts.filter((part) => part !== NOTHING)
  if (counted.length === 0) return NOTHING
  return {
    toolCalls: counted.reduce((sum, { toolCalls }) => sum + toolCalls, 0),
    elapsedMs: known(counted.map(({ elapsedMs }) => elapsedMs)),
    tokens: known(counted.map(({ tokens }) => tokens)),
    costUsd: known(counted.map(({ costUsd }) => costUsd)),
  }
}

/** The sum of what is known; null when nothing is. */
function known(figures: readonly (number | null)[]): number | null {
  const given = figures.filter((figure) => figure !== null)
  return given.length === 0 ? null : given.reduce((sum, figure) => sum + figure, 0)
}

/**
 * Owns which calls of a run may have changed something without anybody knowing: they began, may change something
 * outside, and what became of them was never told. SPEC R3.
 */
import type { RunRecord, ToolCall } from '../entities.ts'

/** Names of such calls, as far as no person ruled on them yet: the next attempt of a run is begun on their word. */
export function danglingOf(record: RunRecord): readonly string[] {
  const first = firstOf(record)
  const calls = record.toolCalls.filter(({ attempt }) => attempt >= first)
  return calls
    .filter((call) => isUnclear(call) && !calls.some((other) => tellsOf(other, call)))
    .map(({ name }) => name)
}

/** Only one that says it changes nothing is known to be harmless. */
const isUnclear = (call: ToolCall): boolean => call.effect !== 'none' && !isTold(call)

/** How it went, by its own word. One that was cut off with its run may have got through. */
const isTold = ({ status, inferred }: ToolCall): boolean =>
  !inferred && (status === 'completed' || status === 'failed')

/** The end of a call from before its owner was thought gone is told in the attempt that was opened for that. */
const tellsOf = (other: ToolCall, { attempt, iteration, callId }: ToolCall): boolean =>
  isTold(other) && other.attempt > attempt && other.iteration === iteration && other.callId === callId

/**
 * The attempt in which the present work began. One that we ended by inference and opened again, since its owner was
 * alive, is the same work: its streams moved on with it, so that none is bound to it any more.
 */
function firstOf({ run, bindings }: RunRecord): number {
  let first = run.attempt
  for (const { attempt, inferred } of run.attempts.toReversed()) {
    const isRevived = inferred && !bindings.some((binding) => binding.attempt === attempt)
    if (attempt !== first - 1 || !isRevived) break
    first = attempt
  }
  return first
}

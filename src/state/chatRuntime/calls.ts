/** Owns how tool calls look in a timeline: of a turn as rows, of a subagent nested in its row. */
import type { ToolCall, ToolCallStatus } from '../../core/entities.ts'
import type { RowStatus } from '../../core/timeline.ts'
import type { LiveArgs } from './heard.ts'
import { known, wholeOf } from './known.ts'
import { memoize } from './memo.ts'
import type { RunParts } from './parts.ts'
import type { SubagentToolCall, ToolFailure } from './types.ts'

/** A call whose end nobody told is shown muted: neither success nor failure is known of it. */
export function toCallStatus(status: ToolCallStatus): RowStatus {
  switch (status) {
    case 'running':
      return 'running'
    case 'completed':
      return 'success'
    case 'failed':
      return 'error'
    case 'cancelled':
    case 'interrupted':
    case 'unknown':
      return 'cancelled'
  }
}

export const toFailure = (sentence: string): ToolFailure => ({
  class: null,
  category: null,
  recoverable: null,
  cause_plain: sentence,
  next_action: null,
})

/** A call with the pieces of its arguments that came so far. */
const toSubagentCall = memoize((call: ToolCall, live: string | null): SubagentToolCall => ({
  id: call.id,
  callId: call.callId,
  toolName: call.name,
  status: toCallStatus(call.status),
  inferred: call.inferred,
  ...known({
    iteration: call.iteration > 0 ? call.iteration : null,
    elapsedMs: call.elapsedMs,
    outputChars: call.outputChars,
    args: call.args?.preview ?? live,
    argsText: wholeOf(call.args),
    result: call.output?.preview,
    resultText: wholeOf(call.output),
    displayName: call.label,
    detail: call.detail,
    failure: call.failure === null ? null : toFailure(call.failure),
  }),
}))

export const callsOf = ({ calls, args }: RunParts): readonly SubagentToolCall[] =>
  calls.map((call) => toSubagentCall(call, liveArgsOf(call, args)))

/** Call ids repeat between iterations: what streams belongs to the call that is open. */
export function liveArgsOf({ callId, status }: ToolCall, args: readonly LiveArgs[]): string | null {
  if (status !== 'running' || args.length === 0) return null
  return args.find((each) => each.callId === callId)?.text ?? null
}

/** Arguments that stream before their call was announced. */
export function unannounced({ calls, args, record }: RunParts): readonly LiveArgs[] {
  const { attempt, iteration } = record.run
  return args.filter(
    ({ callId }) =>
      !calls.some(
        (call) =>
          call.callId === callId &&
          (call.status === 'running' || (call.attempt === attempt && call.iteration === iteration)),
      ),
  )
}

/** A field of a call's arguments, where they are short enough to be at hand. */
export function argumentOf({ args }: ToolCall, name: string): string | null {
  if (args === null || args.ref !== null) return null
  try {
    const value: unknown = JSON.parse(args.preview)
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    const field = (value as Readonly<Record<string, unknown>>)[name]
    return typeof field === 'string' && field !== '' ? field : null
  } catch {
    return null
  }
}

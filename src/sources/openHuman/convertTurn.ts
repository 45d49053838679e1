/**
 * Owns what the messages of a turn say: its iterations, tool calls, prose, cost and end.
 */
import { runLog } from '../../core/ids.ts'
import type { Fact } from './convertShapes.ts'
import { sentenceOf } from './envelope.ts'
import type { Message } from './identity.ts'
import { readSpends, turnUsage } from './usage.ts'
import type { Fields, Reader } from './wire.ts'

/** A turn is a run of the orchestrator. */
export const turnRegistration = (message: Message): Fields => ({
  kind: 'background_agent',
  agentId: 'orchestrator',
  parentThreadId: message.threadId,
  origin: { source: 'openhuman' },
  ...(message.clientId !== null && { metadata: { clientId: message.clientId } }),
  status: 'running',
})

export function turnFact(message: Message, read: Reader): Fact | null {
  const log = runLog(message.requestId)
  switch (message.name) {
    case 'inference_start':
      return { log, type: 'run.registered', payload: turnRegistration(message) }
    case 'inference_heartbeat':
      return { log, type: 'heartbeat', payload: {} }
    case 'iteration_start': {
      const iteration = read.count('round')
      if (iteration === null) return null
      read.skip('message')
      return { log, type: 'iteration.started', payload: { iteration, max: maxOf(message) } }
    }
    case 'text_delta':
    case 'thinking_delta':
      return { log, type: 'text.delta', payload: prose(message, read, read.count('round')) }
    case 'tool_args_delta': {
      const callId = read.line('tool_call_id', 500)
      // Pieces of a call without an id can be shown nowhere; they have their place all the same.
      if (!callId) return { log, type: 'heartbeat', payload: {} }
      return { log, type: 'args.delta', payload: { callId, text: read.text('delta') ?? '' } }
    }
    case 'tool_call':
      return { log, type: 'tool.started', payload: toolStart(read, read.count('round')) }
    case 'tool_result':
      return { log, type: 'tool.finished', payload: toolEnd(read, read.count('round')) }
    case 'turn_cost': {
      read.skip('round')
      const spends = readSpends(message.fields['usage'])
      const usage = read.reader('usage')
      return { log, type: 'usage.reported', payload: turnUsage(message.requestId, usage, spends) }
    }
    case 'chat_done': {
      read.skip('usage', 'timing')
      const output = read.text('full_response')
      return {
        log,
        type: 'run.transitioned',
        payload: { to: 'completed', trigger: 'result_received', output },
      }
    }
    case 'chat_error': {
      const errorType = read.line('error_type', 200)
      const error = read.line('message')
      const isCancelled = errorType === 'cancelled'
      const end = isCancelled
        ? { to: 'cancelled', trigger: 'user_terminated', reason: error }
        : { to: 'failed', trigger: 'errored', reason: errorType, error: error ?? errorType }
      return { log, type: 'run.transitioned', payload: end }
    }
    case 'chat_cancelled': {
      const reason = read.line('cancel_reason', 200)
      const end = { to: 'cancelled', trigger: 'user_terminated', reason }
      return { log, type: 'run.transitioned', payload: end }
    }
    default:
      return null
  }
}

export const prose = (message: Message, read: Reader, iteration: number | null): Fields => ({
  kind: message.name.includes('thinking') ? 'thinking' : 'text',
  text: read.text('delta') ?? '',
  ...(iteration !== null && { iteration }),
})

/** An empty call id is none: the call is told apart by its place in the stream. */
const callIdOf = (read: Reader): string | null => read.line('tool_call_id', 500) || null

export function toolStart(read: Reader, iteration: number | null): Fields {
  // The channel it was called from; who called it is the run.
  read.skip('skill_id')
  return {
    callId: callIdOf(read),
    name: read.line('tool_name', 500) ?? 'unknown',
    label: read.line('tool_display_label', 500),
    detail: read.line('tool_display_detail', 2_000),
    args: read.text('args'),
    ...(iteration !== null && { iteration }),
  }
}

export function toolEnd(read: Reader, iteration: number | null): Fields {
  read.skip('skill_id')
  const success = read.flag('success')
  const name = read.line('tool_name', 500)
  const failure = read.reader('failure')
  const cause = [failure.line('cause_plain'), failure.line('next_action')].filter((part) => part !== null)
  const failureClass = failure.line('class', 200)
  const isFailed = success === false || (success === null && failureClass !== null)
  const sentence = cause.map(sentenceOf).join(' ') || failureClass
  return {
    callId: callIdOf(read),
    ...(name !== null && { name }),
    label: read.line('tool_display_label', 500),
    detail: read.line('tool_display_detail', 2_000),
    ...(iteration !== null && { iteration }),
    status: isFailed ? 'failed' : success === true ? 'completed' : 'unknown',
    args: read.text('args'),
    output: read.text('output'),
    failure: isFailed ? sentence : null,
    ...(failureClass !== null && {
      failureClass,
      failureCategory: failure.line('category', 200),
      recoverable: failure.flag('recoverable'),
    }),
    elapsedMs: read.amount('elapsed_ms'),
  }
}

/** `Iteration 1/12`: the only place where the maximum is said. */
function maxOf({ fields }: Message): number | null {
  const { message } = fields
  const [, max] = typeof message === 'string' ? (/\d+\/(\d{1,6})\b/.exec(message) ?? []) : []
  return max === undefined ? null : Number(max)
}

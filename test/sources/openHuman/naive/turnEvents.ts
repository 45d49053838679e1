/** Owns what the naive converter makes of turn and tool events: openhuman.md 2.1, column "state change". */
import type { RowStatus } from '../support/turnsApp.ts'
import type { Wire } from '../support/turns.ts'
import type { NaiveRow, NaiveThread } from './state.ts'
import { isSeen, numberOf, objectOf, textOf } from './state.ts'

export function hearTurnEvent(thread: NaiveThread, message: Wire): void {
  switch (message.event) {
    case 'inference_start':
      if (thread.lifecycle?.phase === 'started') {
        thread.lifecycle = { requestId: textOf(message['request_id']), phase: 'streaming' }
      }
      return
    case 'tool_call':
      if (!isSeen(thread, callKey(message))) startCall(thread, message)
      return
    case 'tool_result':
      if (!isSeen(thread, `${callKey(message)}:${String(message['success'])}`)) settleCall(thread, message)
      return
    case 'chat_done':
      if (isSeen(thread, `done:${String(message['request_id'])}`)) return
      recordUsage(thread, objectOf(message['usage']))
      endTurn(thread, 'success')
      return
    case 'chat_error':
      if (isSeen(thread, `error:${String(message['request_id'])}:${String(message['error_type'])}`)) return
      endTurn(thread, 'error')
      return
    default:
    // Heartbeats, `turn_cost` (not subscribed to), `chat_cancelled`, prose: nothing a row shows.
  }
}

const callKey = ({ event, ...fields }: Wire): string =>
  [event, fields['request_id'], fields['round'], fields['tool_name'], fields['tool_call_id']].join(':')

/** Keyed by the call's id; an empty one is none and gets a made-up one. */
function startCall(thread: NaiveThread, message: Wire): void {
  const callId = textOf(message['tool_call_id']) ?? ''
  thread.generated += 1
  const id = callId || `generated-${thread.generated}`
  if (thread.rows.some((row) => row.id === id)) return
  thread.rows.push({
    id,
    name: String(message['tool_name']),
    round: numberOf(message['round']) ?? 0,
    status: 'running',
    callId,
    result: null,
    detail: null,
    subagent: null,
  })
}

/** By id, else the oldest running row of that name and round; a result without its call has no row. */
function settleCall(thread: NaiveThread, message: Wire): void {
  const callId = textOf(message['tool_call_id']) ?? ''
  const isOldest = (row: NaiveRow): boolean =>
    row.status === 'running' && row.name === message['tool_name'] && row.round === message['round']
  const row = thread.rows.find(callId ? ({ id }) => id === callId : isOldest)
  if (row === undefined) return
  row.status = message['success'] === true ? 'success' : 'error'
  row.result = textOf(message['output'])
}

/** Every row that runs ends with the turn, detached children included; the lifecycle is forgotten. */
function endTurn(thread: NaiveThread, status: RowStatus): void {
  for (const row of thread.rows) if (row.status === 'running') row.status = status
  thread.lifecycle = null
}

/** Costs that nobody knows are 0: the slice has no other word for it. */
export function recordUsage(thread: NaiveThread, usage: Readonly<Record<string, unknown>>): void {
  thread.totals.inputTokens += numberOf(usage['input_tokens']) ?? 0
  thread.totals.outputTokens += numberOf(usage['output_tokens']) ?? 0
  thread.totals.costUsd += numberOf(usage['cost_usd']) ?? 0
}

/** Owns what the naive converter makes of sub-agent events: openhuman.md 2.2, before they were guarded by `seq`. */
import type { Wire } from '../support/turns.ts'
import type { RowStatus } from '../support/turnsApp.ts'
import type { NaiveRow, NaiveThread } from './state.ts'
import { numberOf, objectOf, textOf } from './state.ts'
import { recordUsage } from './turnEvents.ts'

const DELEGATION = /^(?:spawn_subagent|spawn_async_subagent|delegate_.*)$/

export function hearChildEvent(thread: NaiveThread, message: Wire): void {
  const taskId = String(message['skill_id'])
  const detail = objectOf(message['subagent'])
  if (message.event === 'subagent_spawned') {
    spawn(thread, message, taskId, detail)
    return
  }
  const row = rowOf(thread, taskId)
  // Everything about a child nobody announced is dropped.
  if (row?.subagent == null) return
  switch (message.event) {
    case 'subagent_tool_call':
      startChildCall(row, message)
      return
    case 'subagent_tool_result':
      settleChildCall(row, message)
      return
    case 'subagent_awaiting_user':
      row.status = 'awaiting_user'
      row.subagent.awaitingQuestion = textOf(message['message'])
      return
    case 'subagent_completed':
      // What is told here is not in the turn's sum: whatever arrives is added.
      recordUsage(thread, detail)
      settle(row, 'success')
      row.subagent.elapsedMs = numberOf(detail['elapsed_ms'])
      return
    case 'subagent_failed':
      settle(row, 'error')
      return
    default:
  }
}

/** A row that is there is left alone, unless it waits: then the child has been resumed, or this is a replay. */
function spawn(
  thread: NaiveThread,
  message: Wire,
  taskId: string,
  detail: Readonly<Record<string, unknown>>,
): void {
  const id = `${String(message['thread_id'])}:subagent:${taskId}:${String(message['tool_name'])}`
  const known = thread.rows.find((row) => row.id === id)
  if (known !== undefined) {
    if (known.status === 'awaiting_user' && known.subagent) {
      known.status = 'running'
      known.subagent.awaitingQuestion = null
    }
    return
  }
  const pending = thread.rows.findIndex(
    (row) => row.round === message['round'] && row.status === 'running' && DELEGATION.test(row.name),
  )
  if (pending !== -1) thread.rows.splice(pending, 1)
  thread.rows.push({
    id,
    name: `subagent:${String(message['tool_name'])}`,
    round: numberOf(message['round']) ?? 0,
    status: 'running',
    callId: null,
    result: null,
    detail: null,
    subagent: {
      taskId,
      mode: textOf(detail['mode']),
      awaitingQuestion: null,
      elapsedMs: null,
      toolCalls: [],
    },
  })
}

const rowOf = (thread: NaiveThread, taskId: string): NaiveRow | undefined =>
  thread.rows.find((row) => row.subagent?.taskId === taskId)

/** Only what runs or waits can end. */
function settle(row: NaiveRow, status: RowStatus): void {
  if (row.status === 'running' || row.status === 'awaiting_user') row.status = status
}

function startChildCall({ subagent }: NaiveRow, message: Wire): void {
  const callId = textOf(message['tool_call_id']) ?? ''
  if (subagent === null || subagent.toolCalls.some((call) => call.callId === callId)) return
  subagent.toolCalls.push({ callId, name: String(message['tool_name']), status: 'running', result: null })
}

function settleChildCall({ subagent }: NaiveRow, message: Wire): void {
  const callId = textOf(message['tool_call_id']) ?? ''
  const call = subagent?.toolCalls.find((each) => each.callId === callId)
  if (call === undefined) return
  call.status = message['success'] === true ? 'success' : 'error'
  call.result = textOf(message['output'])
}

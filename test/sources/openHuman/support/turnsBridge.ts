/**
 * Owns what a core writes into its ledger of the messages it sends: turn and child rows, openhuman.md 1.6. A message sent
 * again writes nothing, and what is not sent is not written: both went through the same progress sink.
 */
import type { Wire } from './turns.ts'
import { at, childRow, turnRow } from './turnsCore.ts'
import type { Core, Row } from './turnsCore.ts'

export interface Bridge {
  sent(messages: readonly Wire[]): void
}

type Fields = Readonly<Record<string, unknown>>

export function createBridge(core: Core): Bridge {
  const seen = new Set<string>()

  function write(id: string, fresh: Row | null, fields: Fields): void {
    const row = core.row(id) ?? fresh
    if (row !== null) core.put({ ...row, ...fields, updatedAt: at(seen.size / 100) })
  }

  return {
    sent(messages) {
      for (const message of messages) {
        const identity = JSON.stringify(message)
        if (seen.has(identity)) continue
        seen.add(identity)
        record(message, write)
      }
    },
  }
}

const END = { completedAt: at(5) }

function record(message: Wire, write: (id: string, fresh: Row | null, fields: Fields) => void): void {
  const request = String(message['request_id'])
  const task = String(message['skill_id'])
  const detail = (message['subagent'] ?? {}) as Fields
  switch (message.event) {
    case 'inference_start':
      return write(request, turnRow(request), { status: 'running' })
    case 'chat_done':
      return write(request, null, { status: 'completed', summary: 'Completed in 1 iteration(s)', ...END })
    case 'chat_error':
      return write(request, null, {
        status: 'interrupted',
        error: 'progress bridge exited before turn completion',
        ...END,
      })
    case 'subagent_spawned':
      return write(task, childRow(task, { metadata: { mode: detail['mode'] } }), {
        parentRunId: request,
        status: 'running',
      })
    case 'subagent_awaiting_user':
      return write(task, null, {
        status: 'awaiting_user',
        summary: message['message'],
        checkpointPath: `/ws/${task}.json`,
        checkpoint: {
          resumeTool: 'continue_subagent',
          taskId: task,
          agentId: 'researcher',
          question: message['message'],
          checkpointPersisted: true,
        },
      })
    case 'subagent_completed':
      // Statistics, not what it found.
      return write(task, null, {
        status: 'completed',
        summary: 'Completed in 3 iteration(s), 760 output chars',
        ...END,
      })
    case 'subagent_failed':
      return write(task, null, { status: 'failed', error: message['message'], ...END })
    default:
  }
}

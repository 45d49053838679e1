/**
 * Owns what the core writes down of a turn while it sends it: the rows of the turn and its children, their run events
 * and telemetry. Nothing else of a message survives: no deltas, no arguments, no outputs.
 */
import type { AgentRuns } from './agentRuns.ts'
import type { Fields } from './rows.ts'
import type { Message } from './wire.ts'

/** Writes what one message means for the ledger. The version decides where a checkpoint is said to be. */
export function record(runs: AgentRuns, message: Message, version: 1 | 2): void {
  const { event } = message
  if (event.startsWith('subagent_')) recordChild(runs, message, version)
  else recordTurn(runs, message)
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const count = (value: unknown): number | null => (typeof value === 'number' ? value : null)
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? { ...value } : {})

function recordTurn(runs: AgentRuns, message: Message): void {
  const { event, request_id: id, thread_id: threadId, client_id: clientId } = message
  const row = { id, kind: 'background_agent', agentId: 'orchestrator', parentThreadId: threadId }
  switch (event) {
    case 'inference_start':
      runs.upsert({
        ...row,
        status: 'running',
        promptRef: `thread:${threadId}:request:${id}`,
        metadata: { clientId, source: 'web_channel', schemaVersion: 1 },
      })
      runs.append(id, 'turn_started', { threadId, clientId })
      break
    case 'tool_call':
      runs.append(id, 'tool_call_started', calling(message, message['round']))
      break
    case 'tool_result':
      runs.append(id, 'tool_call_completed', called(message, message['round']))
      runs.countTool(id)
      break
    case 'turn_cost':
      runs.report(id, spent(fields(message['usage'])))
      break
    case 'chat_done': {
      const iterations = roundsOf(runs, id)
      runs.report(id, spent(fields(message['usage'])))
      runs.upsert({
        ...row,
        status: 'completed',
        summary: `Completed in ${iterations} iteration(s)`,
        completedAt: runs.now(),
      })
      runs.append(id, 'turn_completed', { iterations })
      break
    }
    case 'chat_error':
      // Also of a turn that failed by itself: the bridge ends, and knows no other word.
      if (runs.get(id) === null) break
      runs.upsert({
        ...row,
        status: 'interrupted',
        error: 'progress bridge exited before turn completion',
        completedAt: runs.now(),
      })
      runs.append(id, 'turn_interrupted', { eventsSeen: count(message['seq']) ?? 0 })
      break
    default:
      break
  }
}

function recordChild(runs: AgentRuns, message: Message, version: 1 | 2): void {
  const detail = fields(message['subagent'])
  const id = text(message['skill_id'])
  if (id === null) return
  const agentId = text(message['tool_name'])
  const workerThreadId = text(detail['worker_thread_id'])
  const parentCallId = text(detail['parent_call_id'])
  const kind = workerThreadId === null ? 'subagent' : 'worker_thread'
  const row = { id, kind, agentId, workerThreadId, parentRunId: message.request_id }
  switch (message.event) {
    case 'subagent_spawned': {
      const announced = {
        mode: detail['mode'] ?? null,
        dedicatedThread: detail['dedicated_thread'] ?? false,
        promptChars: detail['prompt_chars'] ?? 0,
        displayName: detail['display_name'] ?? null,
        parentCallId,
      }
      runs.upsert({
        ...row,
        parentThreadId: message.thread_id,
        status: 'running',
        promptRef: workerThreadId === null ? null : `thread:${workerThreadId}:message:seed`,
        metadata: { ...announced, source: 'agent_progress', schemaVersion: 1 },
      })
      const { request_id: parentRunId, thread_id: threadId } = message
      runs.append(id, 'subagent_spawned', { agentId, parentRunId, threadId, workerThreadId, ...announced })
      break
    }
    case 'subagent_tool_call':
      runs.append(id, 'subagent_tool_call_started', {
        agentId: detail['agent_id'] ?? null,
        ...calling(message, detail['child_iteration']),
      })
      break
    case 'subagent_tool_result':
      runs.append(id, 'subagent_tool_call_completed', {
        agentId: detail['agent_id'] ?? null,
        ...called(message, detail['child_iteration']),
      })
      runs.countTool(id)
      break
    case 'subagent_awaiting_user': {
      const question = text(message['message'])
      const known = { taskId: id, agentId, question, workerThreadId }
      runs.upsert({
        ...row,
        status: 'awaiting_user',
        summary: question,
        checkpointPath: `/workspace/.openhuman/subagent_checkpoints/${id}.json`,
        checkpoint: {
          resumeTool: 'continue_subagent',
          ...known,
          ...(version === 2 && { checkpointPersisted: true }),
        },
      })
      runs.append(id, 'subagent_awaiting_user', { agentId, question, workerThreadId, parentCallId })
      break
    }
    case 'subagent_completed': {
      const elapsedMs = count(detail['elapsed_ms'])
      const iterations = count(detail['iterations']) ?? 0
      const outputChars = count(detail['output_chars']) ?? 0
      runs.report(id, { elapsedMs })
      runs.upsert({
        ...row,
        status: 'completed',
        // Figures, not the answer.
        summary: `Completed in ${iterations} iteration(s), ${outputChars} output chars`,
        completedAt: runs.now(),
      })
      runs.append(id, 'subagent_completed', {
        agentId,
        elapsedMs,
        iterations,
        outputChars,
        worktreePath: detail['worktree_path'] ?? null,
        changedFiles: detail['changed_files'] ?? [],
        dirtyStatus: detail['dirty_status'] ?? null,
        parentCallId,
      })
      break
    }
    case 'subagent_failed': {
      const error = text(message['message'])
      runs.report(id, { error })
      runs.upsert({ ...row, status: 'failed', error, completedAt: runs.now() })
      runs.append(id, 'subagent_failed', { agentId, error, parentCallId })
      break
    }
    default:
      break
  }
}

const calling = (message: Message, iteration: unknown): Fields => ({
  callId: message['tool_call_id'] ?? '',
  toolName: message['tool_name'] ?? '',
  iteration: iteration ?? 0,
})

const called = (message: Message, iteration: unknown): Fields => ({
  ...calling(message, iteration),
  success: message['success'] ?? true,
  outputChars: text(message['output'])?.length ?? 0,
  elapsedMs: message['elapsed_ms'] ?? 0,
  failure: message['failure'] ?? null,
})

/** A cost that nobody knows is a cost of 0 in the table. */
const spent = (usage: Fields) => ({
  inputTokens: count(usage['input_tokens']) ?? 0,
  outputTokens: count(usage['output_tokens']) ?? 0,
  cachedInputTokens: count(usage['cached_input_tokens']) ?? 0,
  costUsd: count(usage['cost_usd']) ?? 0,
  model: 'double-1',
})

function roundsOf(runs: AgentRuns, id: string): number {
  const rounds = runs
    .events(id, 0, Number.MAX_SAFE_INTEGER)
    .map(({ payload }) => count(payload['iteration']) ?? 0)
  return Math.max(1, ...rounds)
}

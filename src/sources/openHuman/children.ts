/**
 * Owns what the messages about a sub-agent say of it. They are addressed by its task: `skill_id` is the task's id, and
 * `tool_name` the agent's, except on its tool calls, where it is the tool and the agent is named inside.
 */
import { runLog } from '../../core/ids.ts'
import type { Fact } from './convertShapes.ts'
import { prose, toolEnd, toolStart } from './convertTurn.ts'
import { besides, positionOf } from './identity.ts'
import type { Message } from './identity.ts'
import { cut } from './wire.ts'
import type { Fields, Reader } from './wire.ts'

const TOOL_MESSAGES = new Set(['subagent_tool_call', 'subagent_tool_result'])

/** How a stopped-short agent says so, in older and in newer cores. */
const INCOMPLETE = /^\s*\[SUBAGENT_INCOMPLETE\b/

export function childFact(message: Message, taskId: string, read: Reader): Fact | null {
  const log = runLog(taskId)
  read.skip('skill_id', 'round')
  const inner = read.reader('subagent')
  inner.skip('task_id', 'agent_id', 'mode', 'prompt_chars', 'display_name')
  const iteration = inner.count('child_iteration')
  switch (message.name) {
    case 'subagent_spawned':
      read.skip('tool_name', 'message')
      inner.skip('worker_thread_id', 'parent_call_id', 'dedicated_thread')
      return { log, type: 'run.registered', payload: { ...childRegistration(message), status: 'running' } }
    case 'subagent_iteration_start': {
      read.skip('tool_name', 'message')
      const max = inner.count('child_max_iterations')
      return iteration === null ? null : { log, type: 'iteration.started', payload: { iteration, max } }
    }
    case 'subagent_text_delta':
    case 'subagent_thinking_delta':
      return { log, type: 'text.delta', payload: prose(message, read, iteration) }
    case 'subagent_tool_call':
      return { log, type: 'tool.started', payload: toolStart(read, iteration) }
    case 'subagent_tool_result': {
      const outputChars = inner.count('output_chars')
      const end = toolEnd(read, iteration)
      const elapsedMs = end['elapsedMs'] ?? inner.amount('elapsed_ms')
      return { log, type: 'tool.finished', payload: { ...end, elapsedMs, outputChars } }
    }
    case 'subagent_awaiting_user':
      read.skip('tool_name', 'message', 'success')
      inner.skip('parent_call_id', 'worker_thread_id')
      return { log, type: 'run.observed', payload: awaiting(message) }
    case 'subagent_completed': {
      read.skip('tool_name', 'success')
      inner.skip('parent_call_id', ...DETAILS, ...FIGURES)
      return {
        log,
        type: 'run.transitioned',
        payload: { ...completion(read, inner), metadata: detailsOf(message) },
      }
    }
    case 'subagent_failed': {
      read.skip('tool_name', 'success')
      inner.skip('parent_call_id', ...DETAILS, ...FIGURES)
      const error = read.line('message') ?? 'The agent failed and did not say why.'
      return {
        log,
        type: 'run.transitioned',
        payload: { to: 'failed', trigger: 'errored', error, metadata: detailsOf(message) },
      }
    }
    default:
      return null
  }
}

const FIGURES = ['input_tokens', 'output_tokens', 'cached_input_tokens', 'cost_usd']
const DETAILS = ['elapsed_ms', 'iterations', 'output_chars', 'worktree_path', 'changed_files', 'dirty_status']

/** What any message about an agent says of who it is. */
export function childRegistration(message: Message): Fields {
  const read = message.reader()
  const inner = read.reader('subagent')
  const workerThreadId = inner.id('worker_thread_id')
  const agentId = TOOL_MESSAGES.has(message.name) ? null : read.line('tool_name', 500)
  return {
    kind: workerThreadId === null ? 'subagent' : 'worker_thread',
    parentRunId: message.requestId,
    parentThreadId: message.threadId,
    workerThreadId,
    parentCallId: inner.line('parent_call_id', 500),
    agentId: inner.line('agent_id', 500) ?? agentId,
    agentName: inner.line('display_name', 500),
    origin: { source: 'openhuman' },
    metadata: present({
      mode: inner.line('mode', 100),
      dedicatedThread: inner.flag('dedicated_thread'),
      promptChars: inner.count('prompt_chars'),
      displayName: inner.line('display_name', 500),
    }),
  }
}

/** Waiting and what for are one event, so that no order of arrival tears them apart. */
export function awaiting(message: Message): Fields {
  const { fields } = message
  const { message: prompt } = fields
  const { agentId, ...registration } = childRegistration(message)
  return {
    ...registration,
    agentId: agentId ?? null,
    status: 'awaiting_user',
    trigger: 'question_asked',
    question: {
      questionId: questionIdOf(message),
      prompt: typeof prompt === 'string' && prompt !== '' ? cut(prompt, 16_000) : 'It waits for your answer.',
      agentId: agentId ?? null,
    },
  }
}

/** A question is told apart by where it was asked: a replay opens nothing that was answered. */
export const questionIdOf = (message: Message): string =>
  besides(`ask:${message.requestId}`, String(positionOf(message))).slice(0, 200)

function completion(read: Reader, inner: Reader): Fields {
  const output = inner.text('output')
  const summary = read.line('message')
  const isIncomplete =
    inner.line('status') === 'incomplete' || INCOMPLETE.test(output ?? '') || INCOMPLETE.test(summary ?? '')
  return isIncomplete
    ? {
        to: 'interrupted',
        trigger: 'result_received',
        reason: 'It stopped before its task was done, and handed over what it had.',
        summary,
        output,
      }
    : { to: 'completed', trigger: 'result_received', summary, output }
}

/** What is known of an agent when it ends. */
function detailsOf(message: Message): Fields {
  const inner = message.reader().reader('subagent')
  const files = inner.lines('changed_files') ?? []
  return present({
    outputChars: inner.count('output_chars'),
    iterations: inner.count('iterations'),
    elapsedMs: inner.amount('elapsed_ms'),
    worktreePath: inner.line('worktree_path'),
    changedFiles: files.length > 0 ? files : null,
    isDirty: inner.flag('dirty_status'),
  })
}

const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** Owns what a timeline tells of a subagent: all of it from its record and its calls, prose where it was heard. */
import type { AgentRun, RunRecord } from '../../core/entities.ts'
import type { RunStatusName } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'
import { callsOf } from './calls.ts'
import { known, toldBoolean, toldNumber, toldText, toldTexts } from './known.ts'
import { memoize } from './memo.ts'
import { mergeByTime } from './merge.ts'
import type { RunParts } from './parts.ts'
import type { SubagentActivity, SubagentStatus, SubagentToolCall, TranscriptItem } from './types.ts'
import { figuresOf } from './usage.ts'

export function toSubagentStatus(status: RunStatusName): SubagentStatus {
  switch (status) {
    case 'pending':
    case 'starting':
    case 'running':
    case 'idle':
      return 'running'
    case 'awaiting_user':
    case 'paused':
      return 'awaiting_user'
    case 'completed':
      return 'completed'
    case 'failed':
      return 'failed'
    case 'cancelled':
    case 'interrupted':
      return 'cancelled'
  }
}

/** Detached subagents outlive the turn that launched them. */
export const isDetached = (run: AgentRun): boolean => {
  const mode = toldText(run, 'mode')
  return mode === 'async' || mode === 'fork'
}

export const nameOf = (run: AgentRun): string =>
  toldText(run, 'displayName') ?? run.agentName ?? run.agentId ?? 'Agent'

export const openQuestion = ({ questions }: RunRecord): string | null =>
  questions.find(({ state }) => state === 'open')?.prompt ?? null

export const toActivity = memoize((parts: RunParts): SubagentActivity => {
  const { record } = parts
  const { run, telemetry } = record
  const settled = isSettled(run.status)
  const toolCalls = callsOf(parts)
  return {
    taskId: run.id,
    agentId: run.agentId ?? 'agent',
    status: toSubagentStatus(run.status),
    displayName: nameOf(run),
    toolCalls,
    transcript: transcriptOf(parts, toolCalls),
    usage: figuresOf(telemetry),
    startedAt: run.startedAt,
    ...known({
      workerThreadId: run.workerThreadId,
      mode: toldText(run, 'mode'),
      dedicatedThread: toldBoolean(run, 'dedicatedThread'),
      prompt: run.prompt?.preview,
      childIteration: run.iteration > 0 ? run.iteration : null,
      childMaxIterations: run.maxIterations,
      iterations: toldNumber(run, 'iterations') ?? (settled && run.iteration > 0 ? run.iteration : null),
      elapsedMs: toldNumber(run, 'elapsedMs') ?? telemetry.elapsedMs,
      outputChars: toldNumber(run, 'outputChars') ?? run.output?.chars,
      worktreePath: toldText(run, 'worktreePath'),
      changedFiles: toldTexts(run, 'changedFiles'),
      isDirty: toldBoolean(run, 'isDirty') ?? toldBoolean(run, 'dirtyStatus'),
      awaitingQuestion: openQuestion(record),
      completedAt: run.completedAt,
    }),
  }
})

/** The prompt a subagent was launched with, where its own record does not have it. */
export const withPrompt = memoize((activity: SubagentActivity, prompt: string): SubagentActivity => ({
  ...activity,
  prompt,
}))

function transcriptOf(
  { calls, prose }: RunParts,
  toolCalls: readonly SubagentToolCall[],
): readonly TranscriptItem[] {
  const deeds = calls
    .map(({ startedAt: at, iteration }, place) => ({ at, iteration, call: toolCalls[place] }))
    .flatMap(({ call, ...deed }) => (call === undefined ? [] : { ...deed, call }))
  return mergeByTime(
    prose,
    deeds,
    ({ kind, iteration, text }): TranscriptItem => ({ kind, text, ...known({ iteration }) }),
    ({ call }): TranscriptItem => ({ kind: 'tool', ...call }),
  )
}

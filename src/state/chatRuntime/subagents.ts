/** Owns what a timeline tells of a subagent: all of it from its record and its calls, prose where it was heard. */
import type { AgentRun } from '../../core/entities.ts'
import type { RunStatusName } from '../../core/status.ts'
import { isSettled } from '../../core/status.ts'
import { openPrompt, toRowStatus } from '../../core/timeline.ts'
import type { RowStatus } from '../../core/timeline.ts'
import { callsOf } from './calls.ts'
import { known, toldBoolean, toldNumber, toldText, toldTexts } from './known.ts'
import { memoize } from './memo.ts'
import { mergeByTime } from './merge.ts'
import type { RunParts } from './parts.ts'
import type { SubagentActivity, SubagentStatus, SubagentToolCall, TranscriptItem } from './types.ts'
import { figuresOf } from './usage.ts'

/** What OpenHuman calls it in a subagent that its row calls success or error. */
const OF_ROW: Readonly<Record<RowStatus, SubagentStatus>> = {
  running: 'running',
  awaiting_user: 'awaiting_user',
  success: 'completed',
  error: 'failed',
  cancelled: 'cancelled',
}

export const toSubagentStatus = (status: RunStatusName): SubagentStatus => OF_ROW[toRowStatus(status)]

/** Detached subagents outlive the turn that launched them. */
export const isDetached = (run: AgentRun): boolean => {
  const mode = toldText(run, 'mode')
  return mode === 'async' || mode === 'fork'
}

export const nameOf = (run: AgentRun): string =>
  toldText(run, 'displayName') ?? run.agentName ?? run.agentId ?? 'Agent'

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
      awaitingQuestion: openPrompt(record),
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

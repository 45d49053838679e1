/**
 * Owns how a run is told of when it begins: a new one, its next attempt, or the same attempt under a new owner.
 */
import { runLog } from '../core/ids.ts'
import type { AgentRunSetup, Engine } from './childRun.ts'
import { promptOf } from './text.ts'

export function announce({ emitter }: Pick<Engine, 'emitter'>, setup: AgentRunSetup): void {
  const { runId, agent, task, opening, contentKey, workflowRunId, phase, parentThreadId } = setup
  const log = runLog(runId)
  if (opening.kind === 'attempt') {
    const { attempt } = opening
    emitter.emit(log, 'run.attempt_started', { trigger: 'restart', attempt, status: 'pending' })
    return
  }
  const replayOf = opening.kind === 'new' ? opening.replayOf : null
  emitter.emit(log, 'run.registered', {
    kind: 'workflow_child',
    workflowRunId,
    phase,
    contentKey,
    parentThreadId,
    agentId: agent.id,
    agentName: agent.name,
    prompt: promptOf(task) || null,
    ...(replayOf === null ? {} : { origin: { replayOf } }),
  })
}

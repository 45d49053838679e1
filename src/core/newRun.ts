/**
 * Owns what a run is before anything is known of it: every field is there, and unknown.
 */
import type { AgentRun, RunRecord, RunTelemetry } from './entities.ts'
import { idOfLog } from './ids.ts'
import type { RunLogId } from './ids.ts'
import { newLifecycle, NO_NOTES } from './lifecycle.ts'
import { NO_USAGE, totalsOf } from './usage.ts'

/** A run first heard of through any event; `run.registered` fills in what it is. */
export function newRunRecord(log: RunLogId, timestamp: number): RunRecord {
  const telemetry: RunTelemetry = {
    ...totalsOf(NO_USAGE),
    elapsedMs: null,
    toolCount: 0,
    toolErrorCount: 0,
    model: null,
    provider: null,
    updatedAt: timestamp,
  }
  const run: AgentRun = {
    id: idOfLog(log),
    kind: 'subagent',
    parentRunId: null,
    rootRunId: null,
    formerParentRunIds: [],
    workflowRunId: null,
    phase: null,
    contentKey: null,
    parentThreadId: null,
    workerThreadId: null,
    parentCallId: null,
    agentId: null,
    agentName: null,
    prompt: null,
    taskBoardId: null,
    taskCardId: null,
    checkpoint: null,
    origin: null,
    metadata: {},
    createdAt: timestamp,
    iteration: 0,
    maxIterations: null,
    artifacts: [],
    ...newLifecycle(timestamp, undefined),
  }
  return {
    entity: 'run',
    log,
    run,
    telemetry,
    usage: NO_USAGE,
    questions: [],
    toolCalls: [],
    bindings: [],
    registered: false,
    notes: NO_NOTES,
  }
}

/** Owns a run's stages: each is an agent run of the workflow, with its attempts, artifacts, usage and verification. */
import type { Json } from '../../core/entities.ts'
import { runLog } from '../../core/ids.ts'
import { addArtifacts } from './artifacts.ts'
import type { RunContext, StageItem } from './context.ts'
import { known, timesOf } from './context.ts'
import { foreignPayload, idOr, line, memberId, textLine } from './facts.ts'
import { hashOf } from '../../core/contentKey.ts'
import type { Run } from './records.ts'
import { ATTEMPT, isObject, readList, STAGE } from './records.ts'
import type { ReportBuilder } from './report.ts'
import { isOver, stageStatus, statusFact } from './statuses.ts'
import { inTimeOrder, toEpochMs } from './times.ts'
import { addStageUsage } from './usage.ts'

/** The stages in the order they began; in the file's where a time is unknown. One listed twice is one. */
export function readStages(run: Run, runId: string, report: ReportBuilder): readonly StageItem[] {
  const stages = new Map<string, StageItem>()
  for (const item of readList(STAGE, run.stages, 'stages', report.skip)) {
    const { value, raw, path } = item
    const stageId = idOr(value.id, 'stage', raw)
    if (stageId !== value.id) report.repaired(`${path} has no usable id; it got one made of its content.`)
    if (stages.has(stageId)) {
      report.repaired(`Stage ${stageId} is listed more than once; the first is kept.`)
      continue
    }
    const startedAt = toEpochMs(value.started_at)
    const finishedAt = toEpochMs(value.finished_at)
    const node = line(value.node_id, 200) ?? stageId
    stages.set(stageId, { ...item, stageId, id: memberId(runId, stageId), node, startedAt, finishedAt })
  }
  return inTimeOrder(
    [...stages.values()],
    ({ startedAt }) => startedAt,
    ({ stageId }) => stageId,
  )
}

export function addStage(context: RunContext, stage: StageItem): void {
  const { facts, report, runId, agentLog } = context
  const { value, raw, stageId, id } = stage
  const log = runLog(id)
  const earlier = [stage.startedAt, context.startedAt]
  facts.add({
    log,
    type: 'run.registered',
    payload: {
      kind: 'workflow_child',
      parentRunId: runId,
      rootRunId: context.run.root_run_id || runId,
      workflowRunId: runId,
      phase: stage.node,
      agentName: stage.node,
      origin: { source: 'harn' },
      metadata: known({
        harn: 'stage',
        stageId,
        nodeId: stage.node,
        stageKind: line(value.kind, 200),
        sessionId: textLine(value.metadata?.['session_id'], 200),
        ...timesOf(raw, ['started_at']),
      }),
      status: 'running',
      startedAt: stage.startedAt,
    },
    key: `stage:${stageId}:registered`,
    at: earlier,
  })
  facts.add({
    log: context.workflowLog,
    stream: context.stream,
    type: 'run.linked',
    payload: { childRunId: id },
    key: `stage:${stageId}:linked`,
    at: earlier,
  })
  addArtifacts(context, {
    log,
    artifacts: value.artifacts,
    path: stage.path,
    at: [stage.finishedAt, ...earlier],
  })
  addVerification(context, stage)
  addStageUsage(context, stage)
  const settled = addAttempts(context, stage)
  if (!settled) report.inFlight(log)
  if (log === agentLog) report.note(`Stage ${stageId} has the id of its run.`)
}

/** Facts of how a stage's attempts ended; whether the last one did. */
function addAttempts(context: RunContext, stage: StageItem): boolean {
  const { facts, report } = context
  const { value, raw, stageId, path, id } = stage
  const log = runLog(id)
  const attempts = readList(ATTEMPT, value.attempts, `${path}.attempts`, report.skip).map(
    (each) => each.value,
  )
  const earlierOnes = attempts.slice(0, -1)
  earlierOnes.forEach((attempt, index) => {
    const number = index + 1
    const ended = toEpochMs(attempt.finished_at)
    const fact = statusFact(stageStatus(attempt.status, attempt.outcome), attempt.status, 'attempt')
    const to = isOver(fact.to) ? fact : statusFact(null, attempt.status, 'attempt')
    const before = [toEpochMs(attempt.started_at), stage.startedAt, context.startedAt]
    facts.add({
      log,
      type: 'run.transitioned',
      payload: {
        ...to,
        trigger: 'imported',
        error: line(attempt.error),
        summary: line(attempt.outcome, 500),
      },
      key: finishKey(stageId, number),
      at: [ended, ...before],
    })
    facts.add({
      log,
      type: 'run.attempt_started',
      payload: { trigger: 'restart', attempt: number + 1, status: 'running' },
      key: `stage:${stageId}:attempt:${number + 1}`,
      at: [toEpochMs(attempts[index + 1]?.started_at), ended, ...before],
    })
  })

  const last = attempts.at(-1)
  const word = value.status
  const status = stageStatus(word, value.outcome)
  const fact = statusFact(status, word, 'stage')
  if (fact.inferred) report.repaired(`Stage ${stageId}: ${fact.reason}`)
  const isDone = isOver(status) || fact.inferred === true
  const at = [stage.finishedAt, toEpochMs(last?.finished_at), stage.startedAt, context.startedAt]
  if (!isDone && status === 'running') return false
  facts.add({
    log,
    type: 'run.transitioned',
    payload: {
      ...fact,
      trigger: 'imported',
      summary: line(value.outcome, 500),
      error: fact.to === 'failed' ? (line(last?.error) ?? line(value.outcome, 500)) : null,
      ...(value.visible_text && { output: value.visible_text }),
    },
    key: isOver(status)
      ? finishKey(stageId, attempts.length || 1)
      : `stage:${stageId}:${status ?? 'unknown'}`,
    at,
  })
  if (!isOver(status)) return fact.inferred === true
  const metadata = known({
    outcome: line(value.outcome, 500),
    branch: line(value.branch, 500),
    ...(attempts.length > 0 && { attempts: attempts.length }),
    finished: timesOf(raw, ['finished_at']),
  })
  facts.add({ log, type: 'run.observed', payload: { metadata }, key: `stage:${stageId}:outcome`, at })
  return true
}

/** The end of the first attempt has the plain name, so that it stays the same when a later file has more of them. */
const finishKey = (stageId: string, attempt: number): string =>
  `stage:${stageId}:finished${attempt === 1 ? '' : `:${attempt}`}`

/** Whether a stage's check passed: what it says itself, else how the stage ended, else unknown. */
export function verdictOf(verification: Json, status: string | null, outcome: string | null): boolean | null {
  if (isObject(verification)) {
    const { pass, success } = verification
    if (typeof pass === 'boolean') return pass
    if (typeof success === 'boolean') return success
  }
  const end = stageStatus(status, outcome)
  return end === 'completed' ? true : end === 'failed' ? false : null
}

function addVerification(context: RunContext, stage: StageItem): void {
  const { verification, status, outcome } = stage.value
  if (verification === null) return
  const summary =
    isObject(verification) && typeof verification['summary'] === 'string' ? verification['summary'] : null
  const value = {
    stage_id: stage.stageId,
    node_id: stage.node,
    status: line(status, 200),
    passed: verdictOf(verification, status, outcome),
    summary: line(summary),
  }
  context.facts.add({
    log: runLog(stage.id),
    type: 'foreign',
    payload: foreignPayload('verification', value),
    key: `stage:${stage.stageId}:verification:${hashOf(value)}`,
    at: [stage.finishedAt, stage.startedAt, context.startedAt],
  })
}

/**
 * Owns one run record: a workflow run with its nodes as phases, and an agent run of the same id for what the run did as a
 * whole (its usage, questions, handoffs, recorded tools).
 */
import type { Json } from '../../core/entities.ts'
import { isUsableId } from '../../core/ids.ts'
import { signatureOf } from './actionGraphRecord.ts'
import { addArtifacts, addTools } from './artifacts.ts'
import { addChildren } from './children.ts'
import { addCompactions } from './compactions.ts'
import type { MergePolicy, RunContext } from './context.ts'
import { known, logsOf, streamOf, timesOf } from './context.ts'
import { hashOf } from '../../core/contentKey.ts'
import { createFacts, harnStream, idOr, line, textLine } from './facts.ts'
import type { HarnEvent } from './facts.ts'
import { addHandoffs } from './handoffs.ts'
import { addQuestions, readHitlLog } from './hitl.ts'
import { createKeeper } from './keep.ts'
import { addPhases, declarePhases } from './phases.ts'
import type { JsonObject } from './records.ts'
import { isObject, readRecord, RUN, textOf, TRIGGER } from './records.ts'
import type { ReportBuilder } from './report.ts'
import { addStage, readStages } from './stages.ts'
import { harnStatus, isOver, statusFact } from './statuses.ts'
import type { StatusFact } from './statuses.ts'
import { toEpochMs } from './times.ts'
import { addRunUsage } from './usage.ts'

export interface RunOptions {
  children: MergePolicy
  hitlLog: readonly Json[]
  /** The run that delegated to this one, where the record does not say it. */
  parentRunId?: string | undefined
}

export interface RunFacts {
  runId: string
  savedAt: number | null
  repeated: number
  events: readonly HarnEvent[]
}

/** All facts of one cleaned record, in an order in which each can be folded. */
export function readRun(raw: JsonObject, options: RunOptions, report: ReportBuilder): RunFacts {
  const run = readRecord(RUN, raw, 'run', report.skip)
  const runId = idOr(run.id, 'run', raw)
  if (runId !== run.id)
    report.repaired(
      `A run has no usable id; it got one made of its content, so a file that changed is another run.`,
    )
  const savedAt = newestTime(raw, 0)
  const metadata = run.metadata ?? {}
  const part = metadata['resumed'] === true ? 2 : 1
  const facts = createFacts(runId)
  const startedAt = toEpochMs(run.started_at)
  const finishedAt = toEpochMs(run.finished_at)
  const stages = readStages(run, runId, report)
  const context: RunContext = {
    runId,
    run,
    raw,
    metadata,
    facts,
    ...logsOf(runId),
    keeper: createKeeper(facts, logsOf(runId).workflowLog, [savedAt, startedAt]),
    report,
    stream: streamOf(runId, part),
    part,
    startedAt,
    finishedAt,
    savedAt,
    isOver: isOver(harnStatus(run.status)),
    stages,
    stageById: new Map(stages.map((stage) => [stage.stageId, stage])),
  }

  register(context, options)
  addPhases(context)
  for (const stage of context.stages) addStage(context, stage)
  addChildren(context, options.children)
  addTools(context)
  addArtifacts(context, {
    log: context.agentLog,
    stream: context.stream,
    artifacts: run.artifacts,
    path: 'run',
    at: [startedAt],
  })
  addCompactions(context)
  addHandoffs(context)
  addQuestions(context, readHitlLog(options.hitlLog, runId, report.skip))
  addRunUsage(context)
  settle(context)
  context.keeper.keepRecord(raw, savedAt)
  return { runId, savedAt, repeated: facts.repeated(), events: facts.events() }
}

function register(context: RunContext, options: RunOptions): void {
  const { run, runId, facts, raw, startedAt, workflowLog, agentLog, part, report, metadata } = context
  const { origin, signature } = originOf(context)
  const task = line(run.task, 16_000)
  const at = [startedAt]
  const definitionId = run.workflow_id && isUsableId(run.workflow_id) ? run.workflow_id : 'unknown'
  const phases = declarePhases(context)
  const parents = [options.parentRunId, run.parent_run_id].filter(
    (id) => id && id !== runId && isUsableId(id),
  )
  facts.add({
    log: workflowLog,
    type: 'workflow.registered',
    payload: {
      definitionId,
      title: line(run.workflow_name, 500),
      phases,
      input: task === null ? null : { task },
      origin,
      status: 'running',
      startedAt,
    },
    key: `run:${runId}:registered`,
    at,
  })
  // A longer file of the run knows nodes, and ways between them, that a shorter one did not. Beside the run's own
  // stream: whether it is in its second attempt is no question of its nodes.
  facts.add({
    log: workflowLog,
    stream: `${harnStream(runId)}:nodes`,
    type: 'workflow.registered',
    payload: { definitionId, phases },
    key: `nodes:${hashOf(phases as unknown as Json)}`,
    at,
  })
  facts.add({
    log: agentLog,
    type: 'run.registered',
    payload: {
      kind: 'workflow_child',
      parentRunId: parents[0] ?? null,
      rootRunId: run.root_run_id && isUsableId(run.root_run_id) ? run.root_run_id : null,
      workflowRunId: runId,
      agentName: line(run.workflow_name, 500),
      prompt: run.task || null,
      origin,
      metadata: known({
        harn: 'run',
        signature,
        mode: textLine(metadata['mode'], 100),
        sessionId: textLine(metadata['session_id'], 200),
        ...timesOf(raw, ['started_at']),
      }),
      status: 'running',
      startedAt,
    },
    key: `run:${runId}:agent:registered`,
    at,
  })
  facts.add({
    log: workflowLog,
    type: 'run.linked',
    payload: { childRunId: runId },
    key: `run:${runId}:linked`,
    at,
  })
  if (part === 2) resume(context)
  if (parents.length > 1 && parents[0] !== parents[1])
    report.note(
      `The run names ${parents[1]} as its parent; it is shown under the worker that delegated to it.`,
    )
}

/** What the run was before harn took it up again is not in the file: its first part ended somehow. */
function resume({ runId, facts, workflowLog, agentLog, startedAt, stream }: RunContext): void {
  const reason = 'harn resumed this run; how its first part ended is not in the file.'
  for (const log of [workflowLog, agentLog]) {
    const kind = log === workflowLog ? 'workflow' : 'run'
    facts.add({
      log,
      type: `${kind}.transitioned`,
      payload: { to: 'interrupted', inferred: true, trigger: 'imported', reason },
      key: `run:${runId}:left:${kind}`,
      at: [startedAt],
    })
    facts.add({
      log,
      stream,
      type: `${kind}.attempt_started`,
      payload: { trigger: 'restart', attempt: 2, status: 'running' },
      key: `run:${runId}:resumed:${kind}`,
      at: [startedAt],
    })
  }
}

/** Where a run came from. A trigger that cannot be read costs the origin, never the run. */
function originOf({ metadata, report }: RunContext) {
  const told = metadata['trigger_event'] ?? null
  if (told !== null && !isObject(told)) report.skip('run.metadata.trigger_event', 'expected an object')
  const trigger = readRecord(TRIGGER, told ?? {}, 'run.metadata.trigger_event', report.skip)
  const replayOf = textOf(metadata['replay_of_event_id'])
  const kinds = [trigger.provider, trigger.kind].filter((each) => each !== null && each !== '')
  return {
    origin: {
      source: 'harn',
      traceId: line(trigger.trace_id ?? textOf(metadata['trace_id']), 500),
      trigger: kinds.length === 0 ? null : line(kinds.join(':'), 500),
      replayOf: replayOf !== null && isUsableId(replayOf) ? replayOf : null,
    },
    signature: isObject(told) ? signatureOf(told['signature_status']) : null,
  }
}

/** How the run stands, as its file says. `finished_at` decides nothing: harn writes it on paused runs too. */
function settle(context: RunContext): void {
  const { run, runId, facts, report, finishedAt, startedAt, savedAt, workflowLog, agentLog, stream, raw } =
    context
  const status = harnStatus(run.status)
  if (status === 'running' || status === 'pending') {
    report.inFlight(workflowLog)
    report.inFlight(agentLog)
    return
  }
  const fact: StatusFact = statusFact(status, run.status, 'run')
  if (fact.inferred) report.repaired(`Run ${runId}: ${fact.reason}`)
  if (status === 'paused') report.inFlight(workflowLog)
  const failed = context.stages.find(({ value }) => harnStatus(value.status) === 'failed')
  const attempts = failed?.value.attempts?.filter(isObject) ?? []
  const error = attempts.at(-1)?.['error']
  const at = [finishedAt, ...(isOver(status) ? [latestEnd(context), savedAt] : [savedAt]), startedAt]
  for (const log of [workflowLog, agentLog]) {
    const kind = log === workflowLog ? 'workflow' : 'run'
    facts.add({
      log,
      stream,
      type: `${kind}.transitioned`,
      payload: {
        ...fact,
        trigger: 'imported',
        error: fact.to === 'failed' ? (line(typeof error === 'string' ? error : null) ?? null) : null,
      },
      key: `run:${runId}:${isOver(status) ? 'finished' : (status ?? 'unknown')}:${kind}`,
      at,
    })
  }
  if (!isOver(status)) return
  facts.add({
    log: agentLog,
    stream,
    type: 'run.observed',
    payload: { metadata: known({ finished: timesOf(raw, ['finished_at']) }) },
    key: `run:${runId}:ended`,
    at,
  })
}

const latestEnd = ({ stages }: RunContext): number | null =>
  stages.reduce<number | null>((latest, { finishedAt }) => {
    if (finishedAt === null) return latest
    return latest === null ? finishedAt : Math.max(latest, finishedAt)
  }, null)

const TIMES = /(?:_at|^timestamp)$/

/** The newest time anywhere in a record: which of two files of a run is the newer. As deep as what was let in. */
function newestTime(value: Json, depth: number): number | null {
  if (typeof value !== 'object' || value === null || depth > 6) return null
  let newest: number | null = null
  for (const [name, member] of Object.entries(value) as [string, Json][]) {
    const at =
      typeof member === 'object' ? newestTime(member, depth + 1) : TIMES.test(name) ? toEpochMs(member) : null
    if (at !== null && (newest === null || at > newest)) newest = at
  }
  return newest
}

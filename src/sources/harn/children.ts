/**
 * Owns a run's delegated workers: the run's own list of them, and what their stages saved. harn has two ways to unite the
 * two, and they are named here. A status is a fact of its own and obeys neither.
 */
import type { MergePolicy, RunContext } from './context.ts'
import { details, known, logOfStage, stageOf, timesOf } from './context.ts'
import { idOr, line, memberId } from './facts.ts'
import type { Child, JsonObject } from './records.ts'
import { AUDIT, CHILD, isObject, readList, readRecord, STAGE_WORKER } from './records.ts'
import { idOfLog, runLog } from '../../core/ids.ts'
import { harnStatus, isOver, statusFact } from './statuses.ts'
import { toEpochMs } from './times.ts'

/** Everything but the id, which is what makes two of them one. */
const FILLED = (Object.keys(CHILD) as (keyof Child)[]).filter((name) => name !== 'worker_id')

const isMissing = (value: unknown): boolean => value === null || value === ''

/** Repair: what is known stays, what is missing is filled in. 16 fields; a stale status stays as well. */
export function fillMissingChild(existing: Child, told: Child): Child {
  const filled = FILLED.filter((name) => isMissing(existing[name]) && !isMissing(told[name]))
  return { ...existing, ...Object.fromEntries(filled.map((name) => [name, told[name]])) }
}

/** Live: the later one replaces the earlier one. */
export const replaceChild = (_existing: Child, told: Child): Child => told

interface Worker {
  child: Child
  /** Every status anyone wrote of it, in order. */
  statuses: (string | null)[]
}

/** Facts of all workers of a run. */
export function addChildren(context: RunContext, policy: MergePolicy): void {
  for (const worker of gather(context, policy).values()) addWorker(context, worker)
}

function gather(context: RunContext, policy: MergePolicy): Map<string, Worker> {
  const { run, report, stages } = context
  const merge = policy === 'fill' ? fillMissingChild : replaceChild
  const workers = new Map<string, Worker>()

  const put = (child: Child, unite: typeof merge): boolean => {
    const id = child.worker_id ?? ''
    const existing = workers.get(id)
    if (existing === undefined) {
      workers.set(id, { child, statuses: [child.status] })
      return true
    }
    existing.statuses.push(child.status)
    existing.child = unite(existing.child, child)
    return false
  }

  for (const { value, raw, path } of readList(CHILD, run.child_runs, 'child_runs', report.skip)) {
    const id = idOr(value.worker_id, 'worker', raw)
    if (id !== value.worker_id)
      report.repaired(`${path} has no usable worker id; it got one made of its content.`)
    if (!put({ ...value, worker_id: id }, merge)) report.repaired(`Worker ${id} is listed more than once.`)
  }
  for (const { stageId, path, value } of stages) {
    const saved = value.metadata?.['worker']
    if (!isObject(saved)) continue
    const child = fromStage(saved, stageId, `${path}.metadata.worker`, report.skip)
    if (child === null) report.skip(`${path}.metadata.worker`, 'A worker without an id.')
    else if (put(child, fillMissingChild))
      report.repaired(`Worker ${child.worker_id} is known from its stage only.`)
  }
  return workers
}

function fromStage(
  saved: JsonObject,
  stageId: string,
  path: string,
  skip: RunContext['report']['skip'],
): Child | null {
  const worker = readRecord(STAGE_WORKER, saved, path, skip)
  const { id, name, child_run_id, child_run_path, audit, ...same } = worker
  const audited = readRecord(AUDIT, audit ?? {}, `${path}.audit`, skip)
  if (id === null || id === '' || idOr(id, '', saved) !== id) return null
  return {
    worker_id: id,
    worker_name: name,
    parent_stage_id: stageId,
    run_id: child_run_id,
    run_path: child_run_path,
    ...audited,
    // An absent status stays absent. harn takes it for completed: a worker that crashed would look finished.
    ...same,
  }
}

function addWorker(context: RunContext, { child, statuses }: Worker): void {
  const { runId, facts, report, startedAt } = context
  const workerId = child.worker_id ?? ''
  const log = runLog(memberId(runId, workerId))
  const parentLog = logOfStage(context, child.parent_stage_id)
  const began = toEpochMs(child.started_at)
  const ended = toEpochMs(child.finished_at)
  const stage = stageOf(context, child.parent_stage_id)
  const earlier = [began, stage?.startedAt ?? null, startedAt]
  const key = `worker:${workerId}`

  facts.add({
    log,
    type: 'run.registered',
    payload: {
      kind: 'subagent',
      parentRunId: idOfLog(parentLog),
      rootRunId: context.run.root_run_id || runId,
      // Shown with its workflow, under the step that delegated to it.
      workflowRunId: runId,
      phase: stage?.node ?? null,
      agentName: line(child.worker_name),
      prompt: child.task || null,
      origin: { source: 'harn' },
      metadata: known({
        harn: 'worker',
        workerId,
        sessionId: line(child.session_id, 200),
        parentSessionId: line(child.parent_session_id, 200),
        mutationScope: line(child.mutation_scope, 200),
        harnRunId: line(child.run_id, 200),
        runPath: line(child.run_path, 1_000),
        snapshotPath: line(child.snapshot_path, 1_000),
        ...(child.approval_policy && { approvalPolicy: details(child.approval_policy).details }),
        ...timesOf({ started_at: child.started_at, finished_at: child.finished_at }, [
          'started_at',
          'finished_at',
        ]),
      }),
      status: 'running',
      startedAt: began,
    },
    key: `${key}:registered`,
    at: earlier,
  })
  if (parentLog !== context.agentLog) {
    // An earlier file may have had the worker and not yet its stage: the run was its parent then.
    const payload = { parentRunId: idOfLog(parentLog) }
    facts.add({ log, type: 'run.linked', payload, key: `${key}:parent`, at: earlier })
  } else if (child.parent_stage_id)
    report.note(`Worker ${workerId} names a stage that the file does not have: it is shown under the run.`)

  // Metadata of the run it delegated to is often known only when it is over.
  const later = known({ harnRunId: line(child.run_id, 200), runPath: line(child.run_path, 1_000) })
  if (Object.keys(later).length > 0)
    facts.add({ log, type: 'run.observed', payload: { metadata: later }, key: `${key}:run`, at: earlier })

  const meanings = statuses.map((word) => ({ word, status: harnStatus(word) }))
  const said = meanings.filter(({ status }) => status !== null)
  const ends = new Set(said.filter(({ status }) => isOver(status)).map(({ status }) => status))
  if (ends.size > 1)
    report.note(
      `Worker ${workerId} ended as ${[...ends].join(' and as ')}: the first the file says is shown.`,
    )
  for (const { word, status } of said.length > 0 ? said : meanings.slice(0, 1)) {
    if (status === 'running' || status === 'pending') continue
    const fact = statusFact(status, word, 'worker')
    if (fact.inferred) report.repaired(`Worker ${workerId}: ${fact.reason}`)
    facts.add({
      log,
      type: 'run.transitioned',
      payload: { ...fact, trigger: 'imported' },
      key: `${key}:${isOver(status) ? 'finished' : (status ?? 'unknown')}`,
      at: isOver(status) || fact.inferred ? [ended, ...earlier] : earlier,
    })
  }
  if (said.length > 0 && ends.size === 0) report.inFlight(log)
}

/** Worlds to make resume plans of: a small workflow, children at will, and keys as its orchestrator gives them. */
import { fingerprintOf } from '../../../src/core/contentKey.ts'
import type { Json, RunRecord, RunTelemetry, Text, WorkflowRecord } from '../../../src/core/entities.ts'
import { newRunRecord } from '../../../src/core/newRun.ts'
import { newWorkflowRecord } from '../../../src/core/foldWorkflow.ts'
import { runLog, workflowLog } from '../../../src/core/ids.ts'
import type { ResumeChild, ResumeWorld } from '../../../src/core/resume/plan.ts'
import { DEFAULT_POLICY } from '../../../src/core/resume/policy.ts'
import { openingStatus } from '../../../src/core/status.ts'
import type { RunStatusName } from '../../../src/core/status.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../../../src/core/workflow/definition.ts'
import { upstreamOf } from '../../../src/core/workflow/phaseGraph.ts'
import { keyMaker, tasksOf } from '../../../src/core/workflow/tasks.ts'
import { T0 } from './histories.ts'

export const WORKFLOW = 'wf'
export const INPUT: Json = { question: 'Why?', depth: 2 }

export const phase = (
  name: string,
  agentIds: readonly string[],
  dependsOn: readonly string[] = [],
  forEach?: string,
): PhaseDefinition => ({
  name,
  description: `Does ${name}.`,
  agentIds,
  dependsOn,
  ...(forEach === undefined ? {} : { forEach }),
})

export const DEFINITION: WorkflowDefinition = {
  id: 'study',
  name: 'Study',
  description: '',
  phases: [
    phase('plan', ['planner']),
    phase('research', ['researcher'], ['plan'], 'plan'),
    phase('report', ['writer', 'critic'], ['research']),
  ],
  concurrency: 2,
  maxChildren: 12,
}

/** What work comes to, whoever does it: the plan is a list, the rest says what it is about. */
export const outputOf = (phase: string, agentId: string, item: Json): Json =>
  phase === 'plan' ? ['a', 'b', 'b'] : { by: agentId, about: item }

export const AGENTS = ['planner', 'researcher', 'writer', 'critic']

export const agentOf = (agentId: string, config: Json = null) =>
  AGENTS.includes(agentId) ? { name: `The ${agentId}`, fingerprint: fingerprintOf(agentId, config) } : null

export interface Slot {
  phase: string
  agentId: string
  index: number
  item: Json
  key: string
  output: Json
}

/** All tasks of an undisturbed run, in order, with their keys. */
export function slotsOf(definition: WorkflowDefinition = DEFINITION, input: Json = INPUT): readonly Slot[] {
  const results = new Map<string, { runId: string; agentId: string; output: Json }[]>()
  return definition.phases.flatMap((each) => {
    const upstream = upstreamOf(definition.phases, each.name)
    const fingerprint = (agentId: string): string => fingerprintOf(agentId, null)
    const keyOf = keyMaker({ phase: each, upstream, results, input, fingerprint })
    const found = tasksOf(each, results)
    if (!found.ok) throw new Error(found.reason)
    const slots = found.tasks.map((task) => ({
      ...task,
      key: keyOf(task),
      output: outputOf(each.name, task.agentId, task.item),
    }))
    results.set(
      each.name,
      slots.map(({ agentId, output }) => ({ runId: '', agentId, output })),
    )
    return slots
  })
}

export const idOf = ({ phase, index }: Pick<Slot, 'phase' | 'index'>): string =>
  `${WORKFLOW}.${phase}.${index + 1}`

export interface ChildSpec {
  id?: string
  key?: string | null
  status?: RunStatusName
  inferred?: boolean
  attempt?: number
  error?: string
  replayOf?: string
  stream?: string
  createdAt?: number
  evidence?: ResumeChild['evidence']
  result?: ResumeChild['result']
  checkpoint?: ResumeChild['checkpoint']
  dangling?: readonly string[]
  telemetry?: Partial<RunTelemetry>
}

const text = (preview: string, ref: string | null): Text => ({ preview, chars: preview.length, ref })

/** The child of a task: finished, unless it is told otherwise. */
export function childOf(slot: Slot, spec: ChildSpec = {}): ResumeChild {
  const { status = 'completed', key = slot.key, id = idOf(slot) } = spec
  const result =
    spec.result ?? (status === 'completed' ? { kind: 'found', value: slot.output } : { kind: 'none' })
  const checkpoint = spec.checkpoint ?? { kind: 'none' }
  const base = newRunRecord(runLog(id), T0)
  const record: RunRecord = {
    ...base,
    registered: true,
    bindings: [{ stream: spec.stream ?? 'old', attempt: 1 }],
    telemetry: { ...base.telemetry, toolCount: 3, costUsd: 0.5, elapsedMs: 1_000, ...spec.telemetry },
    run: {
      ...base.run,
      workflowRunId: WORKFLOW,
      phase: slot.phase,
      agentId: slot.agentId,
      agentName: `The ${slot.agentId}`,
      contentKey: key,
      attempt: spec.attempt ?? 1,
      status: openingStatus(status),
      inferred: spec.inferred ?? false,
      error: spec.error ?? null,
      summary: status === 'completed' ? 'Done.' : null,
      createdAt: spec.createdAt ?? T0,
      lastSequence: 4,
      result: result.kind === 'none' ? null : text(JSON.stringify(slot.output), `c:${id}:result`),
      checkpoint:
        checkpoint.kind === 'none' ? null : { savedAt: T0, state: text('kept', `c:${id}:checkpoint`) },
      origin:
        spec.replayOf === undefined
          ? null
          : { source: null, traceId: null, trigger: null, replayOf: spec.replayOf },
    },
  }
  const evidence = spec.evidence ?? { kind: 'gone', exitCode: null }
  return { record, evidence, result, checkpoint, dangling: spec.dangling ?? [] }
}

export function worldOf(children: readonly ResumeChild[], over: Partial<ResumeWorld> = {}): ResumeWorld {
  const base = newWorkflowRecord(workflowLog(WORKFLOW), T0)
  const record: WorkflowRecord = {
    ...base,
    registered: true,
    workflow: {
      ...base.workflow,
      definitionId: DEFINITION.id,
      definition: DEFINITION as unknown as Json,
      input: INPUT,
      parentThreadId: 'thread',
      status: openingStatus('interrupted'),
      inferred: true,
      childRunIds: children.map(({ record }) => record.run.id),
      lastSequence: 9,
    },
  }
  return {
    record,
    evidence: { kind: 'gone', exitCode: null },
    children,
    definition: DEFINITION,
    input: INPUT,
    agent: (agentId) => agentOf(agentId),
    policy: DEFAULT_POLICY,
    agreed: [],
    ...over,
  }
}

export const inStatus = (record: WorkflowRecord, status: RunStatusName): WorkflowRecord => ({
  ...record,
  workflow: { ...record.workflow, status: openingStatus(status), inferred: false },
})

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}

/** Owns what a run record says of its own course, as harn derives it: the same ids, kinds and labels. harn-agentd A3. */
import type { Json } from '../../core/entities.ts'
import { mergeActionGraphs, NO_GRAPH, about } from './actionGraphBlocks.ts'
import type { ActionEdge, ActionGraph, ActionNode } from './actionGraphBlocks.ts'
import { isObject, objectsIn, textOf } from './records.ts'
import type { JsonObject } from './records.ts'

export function graphOfRecord(run: JsonObject): ActionGraph {
  const runId = textOf(run['id']) ?? ''
  const trigger = triggerOf(run)
  const traceId = trigger?.traceId ?? textOf(metadataOf(run)['trace_id'])
  const runPath = textOf(run['persisted_path'])
  const shared = { traceId, stageId: null, nodeId: null, workerId: null, runId, runPath }
  const root: ActionNode = {
    ...shared,
    id: `run:${runId}`,
    label: textOf(run['workflow_name']) ?? textOf(run['workflow_id']) ?? runId,
    kind: 'run',
    status: textOf(run['status']) ?? '',
    outcome: textOf(run['status']) ?? '',
    metadata: { workflow_id: run['workflow_id'] ?? '' },
  }
  const started = trigger === null ? { nodes: [], edges: [] } : triggered(run, root, trigger, shared)
  const entry = trigger === null ? root.id : `trigger:${trigger.id}`
  const stages = objectsIn(run['stages'])
  const steps = stages.map((stage) => stageNode(stage, traceId))
  const transitions = objectsIn(run['transitions'])
  const entered = new Set(transitions.map((each) => textOf(each['to_node_id'])))
  const begins = steps
    .filter(({ nodeId }) => !entered.has(nodeId))
    .map((step): ActionEdge => edge(entry, step.id, trigger === null ? 'entry' : 'trigger_dispatch', null))
  const workers = workersOf(run, stages).map((worker) => workerNode(worker, traceId))
  const isStage = new Set(steps.map(({ id }) => id))
  const delegated = workers.flatMap((worker) => {
    const from = `stage:${worker.stageId ?? ''}`
    return isStage.has(from) ? [edge(from, worker.id, 'delegates', worker.label)] : []
  })
  const moves = transitions.flatMap((each) => moveOf(each, stages, root.id))
  return mergeActionGraphs(NO_GRAPH, {
    nodes: [root, ...started.nodes, ...steps, ...workers],
    edges: [...started.edges, ...begins, ...moves, ...delegated],
    dangling: [],
  })
}

interface Trigger {
  id: string
  traceId: string | null
  label: string
  signature: string
  metadata: JsonObject
}

/** What started the run; null when the record has none that can be read. */
function triggerOf(run: JsonObject): Trigger | null {
  const event = metadataOf(run)['trigger_event']
  if (!isObject(event)) return null
  const [id, provider, kind] = [textOf(event['id']), textOf(event['provider']), textOf(event['kind'])]
  if (id === null || provider === null || kind === null) return null
  const signature = signatureOf(event['signature_status'])
  return {
    id,
    traceId: textOf(event['trace_id']),
    label: `${provider}:${kind}`,
    signature,
    metadata: {
      provider,
      event_kind: kind,
      dedupe_key: event['dedupe_key'] ?? '',
      signature_status: signature,
    },
  }
}

/** `verified`, `unsigned` or `failed`; a word we do not know vouches for nothing. */
export function signatureOf(status: Json | undefined): string {
  const state = isObject(status) ? status['state'] : status
  return state === 'verified' || state === 'failed' ? state : 'unsigned'
}

type Shared = Pick<ActionNode, 'traceId' | 'stageId' | 'nodeId' | 'workerId' | 'runId' | 'runPath'>

function triggered(run: JsonObject, root: ActionNode, trigger: Trigger, shared: Shared) {
  const { id, label, signature, metadata } = trigger
  const node: ActionNode = {
    ...shared,
    traceId: trigger.traceId,
    id: `trigger:${id}`,
    label,
    kind: 'trigger',
    status: 'received',
    outcome: signature,
    metadata,
  }
  const original = textOf(metadataOf(run)['replay_of_event_id'])
  const entry = edge(root.id, node.id, 'entry', id)
  if (original === null) return { nodes: [node], edges: [entry] }
  const first: ActionNode = {
    ...node,
    id: `trigger:${original}`,
    label: `${label} (original ${original})`,
    status: 'historical',
    outcome: 'replayed_from',
  }
  return { nodes: [first, node], edges: [edge(first.id, node.id, 'replay_chain', 'replay chain'), entry] }
}

function stageNode(stage: JsonObject, traceId: string | null): ActionNode {
  const id = textOf(stage['id']) ?? ''
  const nodeId = textOf(stage['node_id']) ?? ''
  const workerId = textOf(metadataOf(stage)['worker_id'])
  const branch = textOf(stage['branch'])
  return {
    ...about(stage),
    id: `stage:${id}`,
    label: nodeId,
    kind: stage['kind'] === 'condition' ? 'predicate' : 'stage',
    traceId,
    stageId: id,
    nodeId,
    workerId,
    runId: null,
    runPath: null,
    metadata: {
      stage_kind: stage['kind'] ?? '',
      ...(branch !== null && { branch }),
      ...(workerId !== null && { worker_id: workerId }),
    },
  }
}

function workerNode(worker: JsonObject, traceId: string | null): ActionNode {
  const label = textOf(worker['worker_name']) ?? 'worker'
  const status = textOf(worker['status']) ?? 'unknown'
  const workerId = textOf(worker['worker_id']) ?? ''
  return {
    id: `worker:${workerId}`,
    label,
    kind: 'worker',
    status,
    outcome: status,
    traceId,
    stageId: textOf(worker['parent_stage_id']),
    nodeId: null,
    workerId,
    runId: textOf(worker['run_id']),
    runPath: textOf(worker['run_path']),
    metadata: { worker_name: label, task: worker['task'] ?? '' },
  }
}

/** Listed workers, then those that only a stage speaks of: harn may have died between writing the two. */
function workersOf(run: JsonObject, stages: readonly JsonObject[]): readonly JsonObject[] {
  const listed = objectsIn(run['child_runs'])
  const known = new Set(listed.map((child) => child['worker_id']))
  const others = stages.flatMap((stage): JsonObject[] => {
    const worker = metadataOf(stage)['worker']
    if (!isObject(worker) || textOf(worker['id']) === null || known.has(worker['id'])) return []
    known.add(worker['id'])
    const { id, name, task, status, child_run_id, child_run_path } = worker
    return [
      {
        worker_id: id ?? '',
        worker_name: name ?? 'worker',
        task: task ?? '',
        status: status ?? 'unknown',
        parent_stage_id: stage['id'] ?? null,
        run_id: child_run_id ?? null,
        run_path: child_run_path ?? null,
      },
    ]
  })
  return [...listed, ...others]
}

/** A step from stage to stage. Where a node ran twice, harn means its last run; from nowhere is from the run. */
function moveOf(move: JsonObject, stages: readonly JsonObject[], root: string): ActionEdge[] {
  const to = lastOf(stages, 'node_id', move['to_node_id'])
  const byStage = lastOf(stages, 'id', move['from_stage_id'])
  const source = byStage ?? lastOf(stages, 'node_id', move['from_node_id'])
  const from = source === undefined ? root : `stage:${textOf(source['id']) ?? ''}`
  const kind = byStage?.['kind'] === 'condition' ? 'predicate_gate' : 'transition'
  const target =
    to === undefined ? `node:${textOf(move['to_node_id']) ?? ''}` : `stage:${textOf(to['id']) ?? ''}`
  return [edge(from, target, kind, textOf(move['branch']))]
}

const lastOf = (
  stages: readonly JsonObject[],
  field: string,
  value: Json | undefined,
): JsonObject | undefined =>
  typeof value === 'string' && value !== '' ? stages.findLast((stage) => stage[field] === value) : undefined

const edge = (from: string, to: string, kind: string, label: string | null): ActionEdge => ({
  from,
  to,
  kind,
  label,
})

const metadataOf = (record: JsonObject): JsonObject =>
  isObject(record['metadata']) ? record['metadata'] : {}

/**
 * Owns action graphs as data: nodes and edges in harn's words, a saved or streamed block read tolerantly, and how
 * two of them become one. harn-agentd A3.
 */
import type { Json } from '../../core/entities.ts'
import { isObject, objectsIn, textOf } from './records.ts'
import type { JsonObject } from './records.ts'

/** harn's node kinds; a saved graph builds the first five and `predicate`, the rest come live. */
export const NODE_KINDS = [
  'run',
  'trigger',
  'stage',
  'predicate',
  'worker',
  'trigger_predicate',
  'dispatch',
  'a2a_hop',
  'worker_enqueue',
  'retry',
  'dlq',
] as const

export const EDGE_KINDS = [
  'entry',
  'trigger_dispatch',
  'predicate_gate',
  'replay_chain',
  'transition',
  'delegates',
  'a2a_dispatch',
  'retry',
  'dlq_move',
] as const

export interface ActionNode {
  id: string
  label: string
  /** One of `NODE_KINDS`, or what a newer harn calls it. */
  kind: string
  status: string
  outcome: string
  traceId: string | null
  stageId: string | null
  nodeId: string | null
  workerId: string | null
  runId: string | null
  runPath: string | null
  metadata: JsonObject
}

export interface ActionEdge {
  from: string
  to: string
  /** One of `EDGE_KINDS`, or what a newer harn calls it. */
  kind: string
  label: string | null
}

export interface ActionGraph {
  nodes: readonly ActionNode[]
  edges: readonly ActionEdge[]
  /** Edges one end of which is nowhere: left out above, told here. */
  dangling: readonly ActionEdge[]
}

/** Nodes by id, the incoming one wins and metadata adds up; edges by what they say. As harn's portal merges. */
export function mergeActionGraphs(known: ActionGraph, incoming: ActionGraph): ActionGraph {
  const nodes = new Map(known.nodes.map((node) => [node.id, node]))
  for (const node of incoming.nodes) {
    const before = nodes.get(node.id)
    nodes.set(node.id, { ...node, metadata: { ...before?.metadata, ...node.metadata } })
  }
  // An end that was missing may have come.
  const all = [...known.edges, ...known.dangling, ...incoming.edges, ...incoming.dangling]
  const edges = [...new Map(all.map((edge) => [nameOf(edge), edge])).values()]
  const isWhole = ({ from, to }: ActionEdge): boolean => nodes.has(from) && nodes.has(to)
  return {
    nodes: [...nodes.values()],
    edges: edges.filter(isWhole),
    dangling: edges.filter((edge) => !isWhole(edge)),
  }
}

const nameOf = ({ from, to, kind, label }: ActionEdge): string => JSON.stringify([from, to, kind, label])

export const NO_GRAPH: ActionGraph = { nodes: [], edges: [], dangling: [] }

/** A block as harn saves or streams it: an observability record, or an update with one inside. */
export function readActionGraph(block: Json): ActionGraph {
  if (!isObject(block)) return NO_GRAPH
  const inner = isObject(block['observability']) ? block['observability'] : block
  const nodes = objectsIn(inner['action_graph_nodes'] ?? inner['nodes']).flatMap(toNode)
  const edges = objectsIn(inner['action_graph_edges'] ?? inner['edges']).flatMap(toEdge)
  return mergeActionGraphs(NO_GRAPH, { nodes, edges, dangling: [] })
}

function toNode(raw: JsonObject): ActionNode[] {
  const id = textOf(raw['id'])
  if (id === null) return []
  const metadata = isObject(raw['metadata']) ? raw['metadata'] : {}
  return [
    {
      ...about(raw),
      id,
      label: textOf(raw['label']) ?? id,
      kind: textOf(raw['kind']) ?? 'stage',
      traceId: textOf(raw['trace_id']),
      stageId: textOf(raw['stage_id']),
      nodeId: textOf(raw['node_id']),
      workerId: textOf(raw['worker_id']),
      runId: textOf(raw['run_id']),
      runPath: textOf(raw['run_path']),
      metadata,
    },
  ]
}

function toEdge(raw: JsonObject): ActionEdge[] {
  const [from, to] = [textOf(raw['from_id']), textOf(raw['to_id'])]
  if (from === null || to === null) return []
  return [{ from, to, kind: textOf(raw['kind']) ?? 'transition', label: textOf(raw['label']) }]
}

export const about = (raw: JsonObject): { status: string; outcome: string } => ({
  status: textOf(raw['status']) ?? '',
  outcome: textOf(raw['outcome']) ?? '',
})

/** Owns run records as harn writes them, for tests to vary. Made up; the shapes are harn's. */

type Fields = { [name: string]: unknown }

export const at = (seconds: number): string => new Date(Date.UTC(2026, 3, 22) + seconds * 1_000).toISOString()

export const ms = (seconds: number): number => Date.UTC(2026, 3, 22) + seconds * 1_000

export const stage = (node: string, visit: number, fields: Fields = {}): Fields => ({
  id: `run_1:${node}:${visit}`,
  node_id: node,
  kind: 'agent',
  status: 'completed',
  outcome: 'success',
  branch: null,
  started_at: at(visit * 10),
  finished_at: at(visit * 10 + 8),
  visible_text: `${node} is done`,
  artifacts: [],
  consumed_artifact_ids: [],
  produced_artifact_ids: [],
  attempts: [],
  metadata: {},
  ...fields,
})

export const transition = (id: string, from: string | null, to: string): Fields => ({
  id,
  from_stage_id: null,
  from_node_id: from,
  to_node_id: to,
  timestamp: at(1),
})

/** A finished run of two stages. */
export const record = (fields: Fields = {}): Fields => ({
  _type: 'run_record',
  id: 'run_1',
  workflow_id: 'wf_review',
  workflow_name: 'Review',
  task: 'Review the change',
  status: 'completed',
  started_at: at(0),
  finished_at: at(60),
  root_run_id: 'run_1',
  stages: [stage('plan', 1), stage('write', 2)],
  transitions: [transition('t1', null, 'plan'), transition('t2', 'plan', 'write')],
  checkpoints: [
    { id: 'c1', ready_nodes: ['plan'], completed_nodes: [], persisted_at: at(1), reason: 'start' },
  ],
  pending_nodes: [],
  completed_nodes: ['plan', 'write'],
  child_runs: [],
  artifacts: [],
  handoffs: [],
  policy: {},
  trace_spans: [],
  tool_recordings: [],
  hitl_questions: [],
  metadata: {},
  ...fields,
})

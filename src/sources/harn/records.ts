/**
 * Owns the shapes of harn's records. Read field by field: one that does not fit costs itself, is reported with its
 * path, and stays in the kept original; what is absent is null.
 */
import { z } from 'zod'
import type { Json } from '../../core/entities.ts'

export type JsonObject = { readonly [key: string]: Json }

const str = z.string()
const num = z.number()
const bool = z.boolean()
const list = z.array(z.custom<Json>())
const map = z.custom<JsonObject>(isObject, 'expected an object')
const any = z.custom<Json>()
/** Free text and times: some writers put numbers there. */
const stamp = z.union([z.string(), z.number()])
const strings = z.array(z.string())

/** Where what cannot be used is told of. */
export type Skip = (path: string, reason: string) => void

type Shape = Record<string, z.ZodType>
export type Read<S extends Shape> = { [Name in keyof S]: z.infer<S[Name]> | null }

/** Reads the fields of one record. */
export function readRecord<S extends Shape>(shape: S, raw: Json, path: string, skip: Skip): Read<S> {
  const object: JsonObject = isObject(raw) ? raw : {}
  const read = Object.entries(shape).map(([name, schema]): [string, unknown] => {
    const value = Object.hasOwn(object, name) ? object[name] : null
    if (value === null || value === undefined) return [name, null]
    const parsed = schema.safeParse(value)
    if (parsed.success) return [name, parsed.data]
    skip(`${path}.${name}`, parsed.error.issues[0]?.message ?? 'does not fit')
    return [name, null]
  })
  // Built from the shape's own names, each value checked by that name's schema.
  return Object.fromEntries(read) as Read<S>
}

export interface ReadItem<S extends Shape> {
  path: string
  raw: JsonObject
  value: Read<S>
}

/** Reads a list item by item; what is no record is reported and left out. */
export function readList<S extends Shape>(
  shape: S,
  items: readonly Json[] | null,
  path: string,
  skip: Skip,
): ReadItem<S>[] {
  return (items ?? []).flatMap((raw, index) => {
    const at = `${path}[${index}]`
    if (isObject(raw)) return [{ path: at, raw, value: readRecord(shape, raw, at, skip) }]
    skip(at, 'expected an object')
    return []
  })
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const RUN = {
  _type: str,
  id: str,
  workflow_id: str,
  workflow_name: str,
  task: str,
  status: str,
  started_at: stamp,
  finished_at: stamp,
  parent_run_id: str,
  root_run_id: str,
  stages: list,
  transitions: list,
  checkpoints: list,
  pending_nodes: strings,
  completed_nodes: strings,
  child_runs: list,
  artifacts: list,
  handoffs: list,
  policy: map,
  execution: map,
  transcript: any,
  usage: map,
  replay_fixture: map,
  observability: map,
  trace_spans: list,
  tool_recordings: list,
  hitl_questions: list,
  metadata: map,
  persisted_path: str,
}
export type Run = Read<typeof RUN>

export const STAGE = {
  id: str,
  node_id: str,
  kind: str,
  status: str,
  outcome: str,
  branch: str,
  started_at: stamp,
  finished_at: stamp,
  visible_text: str,
  private_reasoning: str,
  transcript: any,
  verification: any,
  usage: map,
  artifacts: list,
  consumed_artifact_ids: strings,
  produced_artifact_ids: strings,
  attempts: list,
  metadata: map,
}
export type Stage = Read<typeof STAGE>

export const ATTEMPT = {
  attempt: num,
  status: str,
  outcome: str,
  branch: str,
  error: str,
  verification: any,
  started_at: stamp,
  finished_at: stamp,
}

/** The 17 fields of a delegated worker; `worker_id` is what makes two of them one. */
export const CHILD = {
  worker_id: str,
  worker_name: str,
  parent_stage_id: str,
  session_id: str,
  parent_session_id: str,
  mutation_scope: str,
  approval_policy: map,
  task: str,
  request: any,
  provenance: any,
  status: str,
  started_at: stamp,
  finished_at: stamp,
  run_id: str,
  run_path: str,
  snapshot_path: str,
  execution: map,
}
export type Child = Read<typeof CHILD>

/** `stage.metadata.worker`: the same worker as a stage saw it. */
export const STAGE_WORKER = {
  id: str,
  name: str,
  task: str,
  request: any,
  provenance: any,
  status: str,
  started_at: stamp,
  finished_at: stamp,
  child_run_id: str,
  child_run_path: str,
  snapshot_path: str,
  execution: map,
  audit: map,
}

export const AUDIT = {
  session_id: str,
  parent_session_id: str,
  mutation_scope: str,
  approval_policy: map,
}

export const TRANSITION = {
  id: str,
  from_stage_id: str,
  from_node_id: str,
  to_node_id: str,
  branch: str,
  timestamp: stamp,
}
export const CHECKPOINT = { id: str, last_stage_id: str, persisted_at: stamp, reason: str }

export const USAGE = {
  input_tokens: num,
  output_tokens: num,
  cached_input_tokens: num,
  cache_read_tokens: num,
  reasoning_tokens: num,
  total_duration_ms: num,
  call_count: num,
  total_cost: num,
  models: strings,
}

export const QUESTION = { request_id: str, prompt: str, agent: str, trace_id: str, asked_at: stamp }

export const ARTIFACT = {
  _type: str,
  id: str,
  kind: str,
  title: str,
  text: str,
  data: any,
  source: str,
  created_at: stamp,
  stage: str,
  metadata: map,
}

export const HANDOFF = {
  id: str,
  parent_run_id: str,
  source_persona: str,
  target_persona_or_human: map,
  task: str,
  reason: str,
  evidence_refs: list,
  files_or_entities_touched: list,
  open_questions: list,
  blocked_on: list,
  requested_capabilities: list,
  allowed_side_effects: list,
  budget_remaining: map,
  deadline_checkback: map,
  confidence: num,
  receipt_links: list,
  created_at: stamp,
  metadata: map,
}
export type Handoff = Read<typeof HANDOFF>

export const TOOL_RECORDING = {
  tool_name: str,
  tool_use_id: str,
  args_hash: str,
  result: any,
  is_rejected: bool,
  duration_ms: num,
  iteration: num,
  timestamp: stamp,
}

export const OBSERVABILITY = {
  schema_version: num,
  planner_rounds: list,
  research_fact_count: num,
  action_graph_nodes: list,
  action_graph_edges: list,
  worker_lineage: list,
  verification_outcomes: list,
  transcript_pointers: list,
  compaction_events: list,
  daemon_events: list,
}

export const TRIGGER = {
  id: str,
  provider: str,
  kind: str,
  received_at: stamp,
  occurred_at: stamp,
  dedupe_key: str,
  trace_id: str,
  signature_status: map,
}
